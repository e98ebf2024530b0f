package io.kurve.chunkserver.server;

import io.kurve.chunkserver.service.CopysetReplica;
import io.kurve.chunkserver.service.Copysets;
import io.kurve.chunkserver.store.SlotStore;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.id.StoreStart;
import io.kurve.core.log.ReplicaStatus;
import io.kurve.core.log.ReplicatedLogs.LogSpace;
import io.kurve.core.metadata.ChunkserverReport;
import io.kurve.core.metadata.ChunkserverReport.Capacity;
import io.kurve.core.metadata.ChunkserverReport.CopysetReport;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/** Makes the reports of a chunkserver. */
public final class Reporter {
  /** A follower is behind when it lacks more entries than this. */
  private static final long LAGGING_ENTRIES = 1024;

  private final ReplicaId self;
  private final StoreStart start;
  private final SlotStore store;
  private final Supplier<LogSpace> logSpace;
  private final Supplier<Optional<String>> diskFailure;
  private final Copysets copysets;

  public Reporter(
      ReplicaId self,
      StoreStart start,
      SlotStore store,
      Supplier<LogSpace> logSpace,
      Supplier<Optional<String>> diskFailure,
      Copysets copysets) {
    this.self = self;
    this.start = start;
    this.store = store;
    this.logSpace = logSpace;
    this.diskFailure = diskFailure;
    this.copysets = copysets;
  }

  public ChunkserverReport report(ChunkserverReport.Seen seen) {
    return new ChunkserverReport(
        self,
        start,
        seen,
        capacity(store, logSpace.get()),
        diskFailure.get(),
        copysets.all().stream().map(this::report).toList(),
        copysets.outOfService());
  }

  public static Capacity capacity(SlotStore store, LogSpace space) {
    return new Capacity(
        store.slotCount(), store.slotsUsed(), space.totalBytes(), space.usedBytes());
  }

  private CopysetReport report(CopysetReplica replica) {
    ReplicaStatus status = replica.log().status();
    ReplicaStatus.Indexes indexes = status.indexes();
    boolean leading = status.role() == ReplicaStatus.Role.LEADER;
    replica.catchingUp(status.leader().isEmpty() || indexes.applied() < indexes.committed());
    List<ReplicaId> lagging =
        leading
            ? status.membership().voters().stream()
                .filter(member -> !member.equals(self) && lags(status, member))
                .toList()
            : List.of();
    return new CopysetReport(
        replica.copyset(),
        leading,
        status.term(),
        durableForGood(indexes),
        indexes.applied(),
        status.membership(),
        lagging,
        replica.damagedBlocks(),
        replica.machine().isInstalling());
  }

  /**
   * What the store must still have whenever it registers again (rule 11). An entry that is durable
   * but not committed may be truncated by the next leader, and no memory is lost by that.
   */
  static long durableForGood(ReplicaStatus.Indexes indexes) {
    return Math.min(indexes.durable(), indexes.committed());
  }

  private static boolean lags(ReplicaStatus status, ReplicaId member) {
    Long next = status.followers().get(member);
    return next == null || status.indexes().committed() - next >= LAGGING_ENTRIES;
  }
}
