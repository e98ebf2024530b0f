package io.kurve.chunkserver.copyset;

import io.kurve.core.id.AttachmentId;
import io.kurve.core.metadata.ChunkserverCommands.Grant;
import java.util.Collections;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Who may use one volume in this copyset, and what they did.
 *
 * <p>Only the ids of the newest grant are admitted. An id that left a grant never comes back. The
 * MDS gives ids in ascending order and adds each to the volume's set in the transaction that gives
 * it, so whatever a later grant adds is above all that were admitted before: one number remembers
 * all that are fenced.
 */
final class VolumeControl {
  private final TreeMap<AttachmentId, RequestWindow> admitted = new TreeMap<>();
  private long revision;
  private boolean shared;
  private long highestAdmitted;
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
      if (id.value() <= highestAdmitted && !admitted.containsKey(id)) {
        return Optional.of(new CommandReply.Refused(id + " is fenced for ever"));
      }
    }
    return Optional.empty();
  }

  void grant(Grant grant) {
    revision = grant.revision();
    shared = grant.shared();
    admitted.keySet().retainAll(grant.admitted());
    for (AttachmentId id : grant.admitted()) {
      admitted.computeIfAbsent(id, absent -> new RequestWindow());
      highestAdmitted = Math.max(highestAdmitted, id.value());
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
  static VolumeControl restore(Parts parts, NavigableMap<AttachmentId, RequestWindow> admitted) {
    VolumeControl volume = new VolumeControl();
    volume.revision = parts.revision();
    volume.shared = parts.shared();
    volume.sequence = parts.sequence();
    volume.highestAdmitted = parts.highestAdmitted();
    volume.admitted.putAll(admitted);
    return volume;
  }

  Parts parts() {
    return new Parts(revision, shared, sequence, highestAdmitted);
  }

  NavigableMap<AttachmentId, RequestWindow> admitted() {
    return Collections.unmodifiableNavigableMap(admitted);
  }

  record Parts(long revision, boolean shared, long sequence, long highestAdmitted) {}
}
