package io.kurve.mds.volume;

import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.CopysetId;
import io.kurve.core.id.VolumeId;
import io.kurve.core.metadata.ChunkserverCommands;
import io.kurve.core.metadata.ChunkserverCommands.Grant;
import io.kurve.mds.leadership.Office;
import io.kurve.mds.leadership.Patience;
import io.kurve.mds.record.StoredRecord.AttachmentsRecord;
import io.kurve.mds.state.Image;
import io.kurve.mds.state.Versioned;
import io.kurve.mds.topology.LeaderCall;
import io.kurve.mds.topology.Presence;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * Keeps copysets told who may use a volume there.
 *
 * <p>A grant is the volume's whole set of admitted attachments with the revision of the transaction
 * that made it so. For each volume and copyset this remembers the highest revision that the copyset
 * has committed, so that a grant is sent once for each change. A grant is only ever sent to a
 * copyset that a durable segment of the volume names: so those are all that must hear of a fence.
 */
public final class Grants {
  private final Office office;
  private final Presence presence;
  private final ChunkserverCommands commands;
  private final Map<Place, Long> committed = new TreeMap<>();
  private final Map<Place, LeaderCall> running = new TreeMap<>();
  private final List<Waiter> waiters = new ArrayList<>();

  public Grants(Office office, Presence presence, ChunkserverCommands commands) {
    this.office = office;
    this.presence = presence;
    this.commands = commands;
  }

  private record Place(VolumeId volume, CopysetId copyset) implements Comparable<Place> {
    @Override
    public int compareTo(Place other) {
      int byVolume = volume.compareTo(other.volume);
      return byVolume != 0 ? byVolume : copyset.compareTo(other.copyset);
    }
  }

  private record Waiter(
      VolumeId volume, List<CopysetId> copysets, long revision, CompletableFuture<Void> done) {}

  /** As {@link #ensure}, but ends with UNAVAILABLE, naming a copyset, when it takes too long. */
  CompletionStage<Void> ensureSoon(VolumeId volume, Collection<CopysetId> copysets) {
    CompletionStage<Void> ensured = ensure(volume, copysets);
    return Patience.within(
        office.loop(),
        office.timings().deadline(),
        ensured,
        () -> {
          waiters.removeIf(waiter -> waiter.done().equals(ensured));
          return new KurveException(
              ErrorCode.UNAVAILABLE,
              volume
                  + " waits for "
                  + holdUp(volume, copysets).orElse("its copysets")
                  + " to admit it",
              "it goes on by itself when the copyset has a quorum; see `kurve cluster status`");
        });
  }

  /** Ends when each of the copysets has committed who is admitted now, or a later set. */
  CompletionStage<Void> ensure(VolumeId volume, Collection<CopysetId> copysets) {
    long revision = office.image().attachments(volume).revision();
    Waiter waiter = new Waiter(volume, List.copyOf(copysets), revision, new CompletableFuture<>());
    waiters.add(waiter);
    copysets.forEach(copyset -> send(new Place(volume, copyset), revision));
    settle();
    return waiter.done();
  }

  /** The copysets that have not committed it yet, with what became of the last attempt. */
  Optional<String> holdUp(VolumeId volume, Collection<CopysetId> copysets) {
    long revision = office.image().attachments(volume).revision();
    return copysets.stream()
        .map(copyset -> new Place(volume, copyset))
        .filter(place -> committed.getOrDefault(place, -1L) < revision)
        .findFirst()
        .map(place -> {
          LeaderCall call = running.get(place);
          return place.copyset() + (call == null ? "" : " (" + call.lastFailure() + ")");
        });
  }

  /** The volume is gone: whatever was under way for it has no end any more. */
  void forget(VolumeId volume) {
    committed.keySet().removeIf(place -> place.volume().equals(volume));
    running
        .entrySet()
        .removeIf(entry -> {
          boolean gone = entry.getKey().volume().equals(volume);
          if (gone) {
            entry.getValue().drop();
          }
          return gone;
        });
  }

  private void send(Place place, long revision) {
    if (committed.getOrDefault(place, -1L) >= revision || running.containsKey(place)) {
      return;
    }
    long[] sent = new long[1];
    LeaderCall call =
        LeaderCall.start(
            office,
            presence,
            place.copyset(),
            (target, authority, copyset) -> {
              Versioned<AttachmentsRecord> now = office.image().attachments(place.volume());
              sent[0] = now.revision();
              return commands.grant(target, authority, copyset, grant(place.volume(), now));
            });
    running.put(place, call);
    office.background(
        call.done()
            .thenRun(() -> {
              running.remove(place);
              committed.merge(place, sent[0], Math::max);
              settle();
            }));
  }

  private Grant grant(VolumeId volume, Versioned<AttachmentsRecord> now) {
    boolean shared = office.image().volume(volume).filter(v -> v.shared()).isPresent();
    return new Grant(volume, now.revision(), Image.admitted(now.record()), shared);
  }

  private void settle() {
    List<Waiter> settled = new ArrayList<>();
    for (Iterator<Waiter> all = waiters.iterator(); all.hasNext(); ) {
      Waiter waiter = all.next();
      if (waiter.copysets().stream().allMatch(copyset -> has(waiter, copyset))) {
        all.remove();
        settled.add(waiter);
      }
    }
    for (Waiter waiter : waiters) {
      // a grant under way may have been made before the change that the waiter needs
      waiter
          .copysets()
          .forEach(copyset -> send(new Place(waiter.volume(), copyset), waiter.revision()));
    }
    settled.forEach(waiter -> {
      boolean _ = waiter.done().complete(null);
    });
  }

  private boolean has(Waiter waiter, CopysetId copyset) {
    return committed.getOrDefault(new Place(waiter.volume(), copyset), -1L) >= waiter.revision();
  }
}
