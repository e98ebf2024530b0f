package io.kurve.chunkserver.copyset;

import io.kurve.chunkserver.copyset.Command.BlockChange;
import io.kurve.chunkserver.copyset.Command.MdsCommand;
import io.kurve.chunkserver.copyset.Command.Origin;
import io.kurve.chunkserver.copyset.Command.PurgeVolume;
import io.kurve.chunkserver.copyset.Command.SetGrant;
import io.kurve.core.id.AttachmentId;
import io.kurve.core.id.MdsTerm;
import io.kurve.core.id.VolumeId;
import io.kurve.core.metadata.ChunkserverCommands.Grant;
import java.util.Collections;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Grants, applied requests and tombstones of a copyset: all that decides whether a command takes
 * effect. Knows no slot and no block, so that it is the same on every replica at one log position.
 *
 * <p>A tombstone keeps a grant that was sent before the delete, and comes after the purge, from
 * letting the volume's old users in again. The newest {@value #MAX_TOMBSTONES} are remembered one
 * by one; of the older ones only the highest deleting transaction, D. No grant of a volume is sent
 * once its deleting transaction is applied, so all that were sent for the forgotten ones were sent
 * at a revision below D: those are refused for every volume that this copyset does not know, and
 * the MDS sends a grant again that still holds, at the revision that it has reached by then.
 *
 * <p>Asking never changes it; the {@code applied} methods do, once an entry is in effect. Not safe
 * for several threads: its owner guards it.
 */
final class ControlState {
  static final int MAX_TOMBSTONES = 128;

  private final TreeMap<VolumeId, VolumeControl> volumes;
  private final TreeMap<VolumeId, Long> deleted;
  private long forgottenUpTo;
  private MdsTerm term;

  ControlState() {
    this(new MdsTerm(0), new TreeMap<>(), new TreeMap<>(), 0);
  }

  ControlState(
      MdsTerm term,
      NavigableMap<VolumeId, VolumeControl> volumes,
      NavigableMap<VolumeId, Long> deleted,
      long forgottenUpTo) {
    this.term = term;
    this.volumes = new TreeMap<>(volumes);
    this.deleted = new TreeMap<>(deleted);
    this.forgottenUpTo = forgottenUpTo;
  }

  /** Why a change of blocks does not take effect; empty when it does. */
  Optional<CommandReply> verdict(BlockChange change) {
    Origin origin = change.origin();
    RequestWindow window = window(change.address().volume(), origin.id().attachment());
    if (window == null) {
      return Optional.of(fenced(change.address().volume(), origin.id().attachment()));
    }
    if (origin.id().number() >= RequestWindow.MAX_NUMBER) {
      return Optional.of(new CommandReply.Refused("request number " + origin.id().number()));
    }
    return switch (window.standing(origin.id(), origin.answeredBelow())) {
      case NEW -> Optional.empty();
      case APPLIED -> Optional.of(new CommandReply.Done());
      case ANSWERED -> Optional.of(new CommandReply.AlreadyAnswered());
      case FULL -> Optional.of(new CommandReply.WindowFull());
    };
  }

  boolean admits(VolumeId volume, AttachmentId attachment) {
    return window(volume, attachment) != null;
  }

  CommandReply.Fenced fenced(VolumeId volume, AttachmentId attachment) {
    return new CommandReply.Fenced(
        deleted.containsKey(volume)
            ? volume + " is deleted"
            : attachment + " has no grant for " + volume);
  }

  /** An entry of this origin came by, whatever became of it. */
  void heard(BlockChange change) {
    VolumeControl volume = volumes.get(change.address().volume());
    RequestWindow window = volume == null ? null : volume.window(change.origin().id().attachment());
    if (volume != null && window != null) {
      window.raise(change.origin().answeredBelow());
      volume.raiseSequence(change.origin().volumeSequence());
    }
  }

  void applied(BlockChange change) {
    RequestWindow window = window(change.address().volume(), change.origin().id().attachment());
    if (window == null) {
      throw new IllegalStateException(change.origin().id() + " was applied without a grant");
    }
    window.record(change.origin().id());
  }

  Optional<CommandReply> verdict(MdsCommand command) {
    if (command.term().compareTo(term) < 0) {
      return Optional.of(new CommandReply.StaleTerm(term));
    }
    return switch (command) {
      case PurgeVolume purge -> Optional.empty();
      case SetGrant set -> objection(set);
    };
  }

  private Optional<CommandReply> objection(SetGrant command) {
    Grant grant = command.grant();
    if (deleted.containsKey(grant.volume())) {
      return Optional.of(new CommandReply.Refused(grant.volume() + " is deleted for ever"));
    }
    VolumeControl known = volumes.get(grant.volume());
    if (known == null) {
      return command.sentAtRevision() < forgottenUpTo
          ? Optional.of(new CommandReply.StaleGrant(forgottenUpTo))
          : new VolumeControl().objection(grant);
    }
    return known.objection(grant);
  }

  void applied(SetGrant command) {
    term = command.term();
    volumes
        .computeIfAbsent(command.grant().volume(), absent -> new VolumeControl())
        .grant(command.grant());
  }

  void applied(PurgeVolume command) {
    term = command.term();
    volumes.remove(command.volume());
    deleted.merge(command.volume(), command.deletingTransaction(), Math::min);
    while (deleted.size() > MAX_TOMBSTONES) {
      Map.Entry<VolumeId, Long> oldest =
          deleted.entrySet().stream().min(Map.Entry.comparingByValue()).orElseThrow();
      deleted.remove(oldest.getKey());
      forgottenUpTo = Math.max(forgottenUpTo, oldest.getValue());
    }
  }

  MdsTerm term() {
    return term;
  }

  NavigableMap<VolumeId, VolumeControl> volumes() {
    return Collections.unmodifiableNavigableMap(volumes);
  }

  /** Of the deleted volumes that are not remembered, the last transaction that ended one. */
  long forgottenUpTo() {
    return forgottenUpTo;
  }

  /** Volumes that are gone for ever, each with the transaction that ended it. */
  NavigableMap<VolumeId, Long> deleted() {
    return Collections.unmodifiableNavigableMap(deleted);
  }

  private @Nullable RequestWindow window(VolumeId volume, AttachmentId attachment) {
    VolumeControl control = volumes.get(volume);
    return control == null ? null : control.window(attachment);
  }
}
