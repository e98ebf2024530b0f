package io.kurve.mds.topology;

import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.ChunkserverId;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.id.StoreGeneration;
import io.kurve.core.id.StoreStart;
import io.kurve.core.log.Membership;
import io.kurve.core.metadata.ChunkserverRegistry.HeartbeatReply;
import io.kurve.core.metadata.ChunkserverReport;
import io.kurve.core.metadata.ChunkserverReport.CopysetReport;
import io.kurve.core.metadata.CopysetPlacement;
import io.kurve.mds.leadership.Decision;
import io.kurve.mds.leadership.Office;
import io.kurve.mds.record.StoredRecord.ChunkserverRecord;
import io.kurve.mds.record.StoredRecord.CopysetRecord;
import io.kurve.mds.record.StoredRecord.DurableRecord;
import io.kurve.mds.state.Change;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.concurrent.CompletionStage;

/**
 * Takes heartbeats and keeps what stores say to have durable.
 *
 * <p>The durable record is written before the answer when a store is heard of in a new start or
 * names a copyset for the first time; else every few seconds, beside the answer: it may lag behind,
 * never run ahead. It never goes back: a replica that has just started reports less than it had
 * reported, until it hears what is committed, and reports may overtake each other. Of a copyset
 * that the store belongs to no more nothing is kept: its replica there is to be removed.
 *
 * <p>With it goes the revision of the metadata store that the store has seen and keeps. Each start
 * of a store shows at least the revision of its own registration, soon after; so a copy of the disk
 * that was made before that start is known by its memory, whatever its generation has come to.
 */
public final class Heartbeats {
  private static final Duration WRITE_INTERVAL = Duration.ofSeconds(5);

  private final Office office;
  private final Presence presence;
  private final MetastoreBehind behind;
  private final Map<ChunkserverId, Long> writtenAtNanos = new TreeMap<>();
  private final Map<ReplicaId, Memory> memories = new TreeMap<>();

  /** What a store has said in this term, and the revision at which this start was heard of. */
  private static final class Memory {
    private final StoreGeneration generation;
    private final long sinceRevision;
    private final NavigableMap<CopysetKey, Long> durable = new TreeMap<>();
    private long seenRevision;

    private Memory(StoreGeneration generation, long sinceRevision) {
      this.generation = generation;
      this.sinceRevision = sinceRevision;
    }
  }

  public Heartbeats(Office office, Presence presence, MetastoreBehind behind) {
    this.office = office;
    this.presence = presence;
    this.behind = behind;
  }

  CompletionStage<HeartbeatReply> take(ChunkserverReport report) {
    return office
        .gate()
        .read(() -> admit(report))
        .thenCompose(mustWriteFirst -> {
          if (mustWriteFirst) {
            return write(report);
          }
          if (writeIsDue(report)) {
            office.background(write(report));
          }
          return office.gate().read(() -> reply(report));
        });
  }

  /**
   * What the store reported last of each copyset: in this term, else in its record. A copyset stays
   * in it for good, so it is never founded twice.
   */
  NavigableMap<CopysetKey, Long> lastDurable(ReplicaId replica) {
    NavigableMap<CopysetKey, Long> known = new TreeMap<>(recorded(replica));
    Memory memory = memories.get(replica);
    if (memory != null) {
      memory.durable.forEach((copyset, index) -> known.merge(copyset, index, Math::max));
    }
    known.keySet().removeIf(copyset -> !office.image().belongs(replica, copyset));
    return known;
  }

  /** The revision of the metadata store that the store has shown to keep. */
  long seenRevision(ReplicaId replica) {
    Memory memory = memories.get(replica);
    return Math.max(recordedRevision(replica), memory == null ? 0 : memory.seenRevision);
  }

  private long recordedRevision(ReplicaId replica) {
    return office
        .image()
        .durable(replica.chunkserver())
        .map(DurableRecord::seenRevision)
        .orElse(0L);
  }

  private NavigableMap<CopysetKey, Long> recorded(ReplicaId replica) {
    return office
        .image()
        .durable(replica.chunkserver())
        .map(DurableRecord::durableIndexes)
        .orElse(Collections.emptyNavigableMap());
  }

  boolean heardOf(ReplicaId replica, StoreGeneration generation) {
    return office
        .image()
        .durable(replica.chunkserver())
        .filter(record -> record.generation().equals(generation))
        .isPresent();
  }

  private boolean admit(ChunkserverReport report) {
    ReplicaId replica = report.replica();
    behind.compare(replica.chunkserver().toString(), report.seen());
    ChunkserverRecord record =
        office
            .image()
            .chunkserver(replica.chunkserver())
            .filter(known -> known.replica().equals(replica))
            .orElseThrow(() ->
                new KurveException(
                    ErrorCode.NOT_FOUND,
                    replica + " is not registered",
                    "the chunkserver registers anew at its next start"));
    record
        .suspended()
        .ifPresent(why -> {
          throw new KurveException(
              ErrorCode.REFUSED, why, "format the disk: it joins as a new, empty one");
        });
    if (!isConfirmed(report.start(), record.start())) {
      throw new KurveException(
          ErrorCode.REFUSED,
          replica
              + " reports as "
              + report.start()
              + " but is confirmed as "
              + record.start()
              + " at "
              + record.addresses().data(),
          "one of them is a copy or a process of before: stop it");
    }
    boolean mustWriteFirst =
        office
            .image()
            .durable(replica.chunkserver())
            .filter(durable -> durable.generation().equals(report.start().generation()))
            .filter(durable ->
                report.copysets().stream()
                    .map(CopysetReport::copyset)
                    .filter(copyset -> counts(report, copyset))
                    .allMatch(durable.durableIndexes()::containsKey))
            .isEmpty();
    presence.hear(report);
    remember(report);
    return mustWriteFirst;
  }

  private static boolean isConfirmed(StoreStart reported, StoreStart confirmed) {
    return confirmed.isTold()
        ? confirmed.equals(reported)
        : confirmed.generation().equals(reported.generation());
  }

  private void remember(ChunkserverReport report) {
    Memory memory = memories.get(report.replica());
    if (memory == null || !memory.generation.equals(report.start().generation())) {
      Memory before = memory;
      memory = new Memory(report.start().generation(), office.image().revision());
      if (before != null) {
        memory.durable.putAll(before.durable);
        memory.seenRevision = before.seenRevision;
      }
      memories.put(report.replica(), memory);
    }
    memory.durable.keySet().removeIf(copyset -> !office.image().belongs(report.replica(), copyset));
    for (CopysetReport copyset : report.copysets()) {
      if (counts(report, copyset.copyset())) {
        memory.durable.merge(copyset.copyset(), copyset.durableIndex(), Math::max);
      }
    }
    memory.seenRevision = Math.max(memory.seenRevision, report.seen().metastoreRevision());
  }

  /**
   * Of a replica that belongs there, and not of an earlier one at the same place, that was removed:
   * such a report was made before the store had seen that it belongs there again.
   */
  private boolean counts(ChunkserverReport report, CopysetKey copyset) {
    return office.image().belongs(report.replica(), copyset)
        && report.seen().metastoreRevision() >= office.image().changedAt(copyset.id());
  }

  /** A replica is made anew there: what is to be changed so that no earlier one counts for it. */
  public List<Change> forget(ReplicaId replica, CopysetKey copyset) {
    Memory memory = memories.get(replica);
    if (memory != null) {
      memory.durable.remove(copyset);
    }
    return office
        .image()
        .durable(replica.chunkserver())
        .filter(record -> record.durableIndexes().containsKey(copyset))
        .map(record -> {
          NavigableMap<CopysetKey, Long> others = new TreeMap<>(record.durableIndexes());
          others.remove(copyset);
          return List.<Change>of(
              new Change.Put(
                  new DurableRecord(
                      record.chunkserver(), record.generation(), others, record.seenRevision())));
        })
        .orElse(List.of());
  }

  private boolean writeIsDue(ChunkserverReport report) {
    ChunkserverId id = report.replica().chunkserver();
    if (showsThisStart(report.replica())) {
      return true;
    }
    Long written = writtenAtNanos.get(id);
    return (written == null || office.loop().nanoTime() - written >= WRITE_INTERVAL.toNanos())
        && !lastDurable(report.replica()).equals(recorded(report.replica()));
  }

  /** It has seen what no copy from before this start can have, and the record says less. */
  private boolean showsThisStart(ReplicaId replica) {
    Memory memory = memories.get(replica);
    return memory != null
        && memory.seenRevision >= memory.sinceRevision
        && recordedRevision(replica) < memory.sinceRevision;
  }

  private CompletionStage<HeartbeatReply> write(ChunkserverReport report) {
    ChunkserverId id = report.replica().chunkserver();
    writtenAtNanos.put(id, office.loop().nanoTime());
    return office
        .gate()
        .write(() ->
            new Decision<>(
                List.of(
                    new Change.Put(
                        new DurableRecord(
                            id,
                            report.start().generation(),
                            lastDurable(report.replica()),
                            seenRevision(report.replica())))),
                () -> reply(report)));
  }

  private HeartbeatReply reply(ChunkserverReport report) {
    ReplicaId replica = report.replica();
    NavigableMap<CopysetKey, Long> known = lastDurable(replica);
    Map<CopysetKey, Membership> founding = new TreeMap<>();
    List<CopysetPlacement> placements = new ArrayList<>();
    for (CopysetRecord copyset : office.image().copysets().values()) {
      if (copyset.hasMember(replica)) {
        placements.add(presence.allMembers(copyset));
        // Only by those that it began with: who comes later has to learn first (rule 11).
        if (copyset.epoch() == 0
            && copyset.membership().voters().contains(replica)
            && !known.containsKey(copyset.copyset())) {
          founding.put(copyset.copyset(), copyset.membership());
        }
      }
    }
    return new HeartbeatReply(office.authority(), founding, placements);
  }
}
