package io.kurve.chunkserver.copyset;

import io.kurve.core.id.AttachmentId;
import io.kurve.core.metadata.ChunkserverCommands.Grant;
import java.util.Collections;
import java.util.NavigableMap;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Who may use one volume in this copyset, and what they did.
 *
 * <p>Only the ids of the newest grant are admitted. An id that left a grant never comes back: the
 * newest {@value #MAX_REMEMBERED} are remembered one by one, and of the older ones only the
 * highest, up to which no id can be admitted anew.
 */
final class VolumeControl {
  static final int MAX_REMEMBERED = 1024;

  private final TreeMap<AttachmentId, RequestWindow> admitted = new TreeMap<>();
  private final TreeSet<AttachmentId> fenced = new TreeSet<>();
  private long revision;
  private boolean shared;
  private long fencedUpTo;
  private long sequence = 1;

  /** What speaks against a grant, if anything does. */
  Optional<CommandReply> objection(Grant grant) {
    if (grant.revision() < revision) {
      return Optional.of(new CommandReply.StaleGrant(revision));
    }
    if (grant.revision() == revision) {
      return grant.admitted().equals(admitted.keySet()) && grant.shared() == shared
          ? Optional.empty()
          : Optional.of(new CommandReply.StaleGrant(revision));
    }
    if (!grant.shared() && grant.admitted().size() > 1) {
      return Optional.of(
          new CommandReply.Refused(
              grant.volume() + " is exclusive: no grant for " + grant.admitted().size()));
    }
    for (AttachmentId id : new TreeSet<>(grant.admitted())) {
      boolean wasFenced = fenced.contains(id) || id.value() <= fencedUpTo;
      if (wasFenced && !admitted.containsKey(id)) {
        return Optional.of(new CommandReply.Refused(id + " is fenced for ever"));
      }
    }
    return Optional.empty();
  }

  void grant(Grant grant) {
    revision = grant.revision();
    shared = grant.shared();
    for (AttachmentId id : Set.copyOf(admitted.keySet())) {
      if (!grant.admitted().contains(id)) {
        admitted.remove(id);
        fence(id);
      }
    }
    grant.admitted().forEach(id -> admitted.computeIfAbsent(id, absent -> new RequestWindow()));
  }

  private void fence(AttachmentId id) {
    fenced.add(id);
    if (fenced.size() > MAX_REMEMBERED) {
      fencedUpTo = Math.max(fencedUpTo, fenced.removeFirst().value());
    }
  }

  /** Null when the attachment is not admitted. */
  @Nullable RequestWindow window(AttachmentId id) {
    return admitted.get(id);
  }

  void raiseSequence(long seen) {
    sequence = Math.max(sequence, seen);
  }

  /** From its parts, as the codec read them. */
  static VolumeControl restore(
      Parts parts, NavigableMap<AttachmentId, RequestWindow> admitted, Set<AttachmentId> fenced) {
    VolumeControl volume = new VolumeControl();
    volume.revision = parts.revision();
    volume.shared = parts.shared();
    volume.sequence = parts.sequence();
    volume.fencedUpTo = parts.fencedUpTo();
    volume.admitted.putAll(admitted);
    volume.fenced.addAll(fenced);
    return volume;
  }

  Parts parts() {
    return new Parts(revision, shared, sequence, fencedUpTo);
  }

  NavigableMap<AttachmentId, RequestWindow> admitted() {
    return Collections.unmodifiableNavigableMap(admitted);
  }

  NavigableSet<AttachmentId> fenced() {
    return Collections.unmodifiableNavigableSet(fenced);
  }

  record Parts(long revision, boolean shared, long sequence, long fencedUpTo) {}
}
