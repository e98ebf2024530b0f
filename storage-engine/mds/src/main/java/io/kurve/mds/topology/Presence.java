package io.kurve.mds.topology;

import io.kurve.core.id.ChunkserverId;
import io.kurve.core.id.CopysetId;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.metadata.ChunkserverReport;
import io.kurve.core.metadata.ChunkserverReport.CopysetReport;
import io.kurve.core.metadata.ClusterInspection.DiskState;
import io.kurve.core.metadata.CopysetPlacement;
import io.kurve.mds.leadership.Office;
import io.kurve.mds.record.StoredRecord.ChunkserverRecord;
import io.kurve.mds.record.StoredRecord.CopysetRecord;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * What this leader has heard from whom and when. Kept in memory only: a new leader takes each disk
 * for online until its time without a heartbeat is up.
 */
public final class Presence {
  private static final int MAX_STRANGERS = 64;

  /** A copy that still runs asks again sooner. */
  private static final Duration COPY_IS_NAMED = Duration.ofSeconds(20);

  private final Office office;
  private final long sinceNanos;
  private final Map<ChunkserverId, Heard> heard = new TreeMap<>();
  private final Map<ReplicaId, String> suspects = new LinkedHashMap<>();
  private final Map<ReplicaId, Copy> copies = new LinkedHashMap<>();

  public Presence(Office office) {
    this.office = office;
    this.sinceNanos = office.loop().nanoTime();
  }

  private record Heard(long nanos, Instant at, ChunkserverReport report) {}

  private record Copy(long nanos, String why) {}

  void hear(ChunkserverReport report) {
    heard.put(
        report.replica().chunkserver(), new Heard(office.loop().nanoTime(), office.now(), report));
    suspects.remove(report.replica());
  }

  /** Whether a process of this store was heard of lately. */
  public boolean beats(ReplicaId replica) {
    return report(replica.chunkserver())
        .filter(report -> report.replica().equals(replica))
        .filter(_ -> silence(replica.chunkserver()).compareTo(office.timings().unstableAfter()) < 0)
        .isPresent();
  }

  /** A store that may not take part, named until it is heard of as a member again. */
  void suspect(ReplicaId replica, String why) {
    if (suspects.size() < MAX_STRANGERS || suspects.containsKey(replica)) {
      suspects.put(replica, why);
    }
  }

  /** Another process than the confirmed one came with the same store and was refused. */
  void copy(ReplicaId replica, String why) {
    if (copies.size() < MAX_STRANGERS || copies.containsKey(replica)) {
      copies.put(replica, new Copy(office.loop().nanoTime(), why));
    }
  }

  /** What is known of a copy of the store that runs beside it. */
  public Optional<String> copyOf(ReplicaId replica) {
    return Optional.ofNullable(copies.get(replica))
        .filter(copy -> office.loop().nanoTime() - copy.nanos() < COPY_IS_NAMED.toNanos())
        .map(Copy::why);
  }

  /** It was confirmed after all. */
  void clear(ReplicaId replica) {
    suspects.remove(replica);
  }

  public Optional<String> suspicion(ReplicaId replica) {
    return Optional.ofNullable(suspects.get(replica));
  }

  /** As the disk reported last. */
  public int slotsInUse(ChunkserverRecord disk) {
    return report(disk.id()).map(report -> report.capacity().slotsUsed()).orElse(0);
  }

  public Optional<ChunkserverReport> report(ChunkserverId id) {
    return Optional.ofNullable(heard.get(id)).map(Heard::report);
  }

  public Optional<CopysetReport> report(ReplicaId replica, CopysetId copyset) {
    return report(replica.chunkserver())
        .filter(report -> report.replica().equals(replica))
        .flatMap(report ->
            report.copysets().stream()
                .filter(found -> found.copyset().id().equals(copyset))
                .findFirst());
  }

  /** Of the last heartbeat, or of the registration if there was none. */
  public Instant lastHeard(ChunkserverRecord disk) {
    Heard found = heard.get(disk.id());
    return found == null ? disk.registered() : found.at();
  }

  public DiskState state(ChunkserverRecord disk) {
    if (disk.suspended().isPresent() || suspects.containsKey(disk.replica())) {
      return DiskState.UNCONFIRMED;
    }
    // Also when it is silent: a chunkserver whose disk fails says so and ends.
    if (report(disk.id()).flatMap(ChunkserverReport::diskFailure).isPresent()) {
      return DiskState.FAILED;
    }
    Duration silence = silence(disk.id());
    if (isOffline(silence)) {
      return DiskState.OFFLINE;
    }
    return silence.compareTo(office.timings().unstableAfter()) >= 0
        ? DiskState.UNSTABLE
        : DiskState.ONLINE;
  }

  private boolean isOffline(Duration silence) {
    return silence.compareTo(office.timings().offlineAfter()) >= 0;
  }

  public Duration silence(ChunkserverId id) {
    Heard found = heard.get(id);
    long last = found == null ? sinceNanos : found.nanos();
    return Duration.ofNanos(office.loop().nanoTime() - last);
  }

  /** Whether its replicas count: a failed disk's do for as long as it is heard of. */
  public boolean live(ReplicaId replica) {
    return office
        .image()
        .chunkserver(replica.chunkserver())
        .filter(disk -> disk.replica().equals(replica))
        .filter(disk ->
            switch (state(disk)) {
              case ONLINE, UNSTABLE -> true;
              case FAILED -> !isOffline(silence(disk.id()));
              case OFFLINE, UNCONFIRMED -> false;
            })
        .isPresent();
  }

  /** Whether it has missed no heartbeats: what has may be dead, and offline only later. */
  private boolean lately(ReplicaId replica) {
    return live(replica)
        && silence(replica.chunkserver()).compareTo(office.timings().unstableAfter()) < 0;
  }

  /** Whether the replica counts and has missed no heartbeats. */
  public boolean servesLately(ReplicaId replica, CopysetId copyset) {
    return lately(replica) && serves(replica, copyset);
  }

  /** The leader, unless it has missed heartbeats. */
  public Optional<ReplicaId> leaderLately(CopysetRecord copyset) {
    return leader(copyset).filter(this::lately);
  }

  /** Whether the copyset's replica there counts: not one that can't run on a disk that works. */
  public boolean serves(ReplicaId replica, CopysetId copyset) {
    return live(replica)
        && report(replica.chunkserver())
            .map(ChunkserverReport::outOfService)
            .orElse(List.of())
            .stream()
            .noneMatch(failed -> failed.copyset().id().equals(copyset));
  }

  /** Whether every disk has been heard of, or has had its time to be. */
  public boolean gathered() {
    return Duration.ofNanos(office.loop().nanoTime() - sinceNanos)
                .compareTo(office.timings().unstableAfter())
            >= 0
        || office.image().chunkservers().values().stream()
            .allMatch(disk -> disk.suspended().isPresent() || heard.containsKey(disk.id()));
  }

  /** Who joins may lead before its change is on record. */
  private static Stream<ReplicaId> members(CopysetRecord copyset) {
    return Stream.concat(
        copyset.membership().voters().stream(), copyset.membership().learners().stream());
  }

  /** The member that reported in the highest term that it leads. */
  public Optional<ReplicaId> leader(CopysetRecord copyset) {
    return members(copyset)
        .filter(this::live)
        .flatMap(member ->
            report(member, copyset.copyset().id()).stream()
                .filter(CopysetReport::leading)
                .map(report -> Map.entry(report.term(), member)))
        .max(Comparator.comparingLong(Map.Entry::getKey))
        .map(Map.Entry::getValue);
  }

  /** Those that can serve: its voters. */
  public CopysetPlacement placement(CopysetRecord copyset) {
    return placement(copyset, copyset.membership().voters().stream());
  }

  /** Those that talk to each other: its learners too. */
  CopysetPlacement allMembers(CopysetRecord copyset) {
    return placement(copyset, members(copyset));
  }

  private CopysetPlacement placement(CopysetRecord copyset, Stream<ReplicaId> who) {
    List<CopysetPlacement.Member> members =
        who.flatMap(member ->
                office.image().chunkserver(member.chunkserver()).stream()
                    .map(disk -> new CopysetPlacement.Member(member, disk.addresses().data())))
            .toList();
    Optional<ReplicaId> leader =
        leader(copyset)
            .filter(found -> members.stream().anyMatch(member -> member.replica().equals(found)));
    return new CopysetPlacement(copyset.copyset(), members, leader);
  }
}
