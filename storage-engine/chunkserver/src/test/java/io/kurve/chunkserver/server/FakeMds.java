package io.kurve.chunkserver.server;

import io.kurve.chunkserver.copyset.Samples;
import io.kurve.core.id.ChunkserverId;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.id.MdsTerm;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.id.StoreId;
import io.kurve.core.log.Membership;
import io.kurve.core.metadata.ChunkserverCommands.Authority;
import io.kurve.core.metadata.ChunkserverRegistry;
import io.kurve.core.metadata.ChunkserverReport;
import io.kurve.core.metadata.ChunkserverReport.CopysetReport;
import io.kurve.core.metadata.CopysetPlacement;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** Confirms every store, founds one copyset on three of them, and remembers what they report. */
final class FakeMds implements ChunkserverRegistry {
  static final Authority AUTHORITY = new Authority(new MdsTerm(5), 10, 10);

  private final Map<StoreId, ChunkserverId> ids = new TreeMap<>();
  private final Map<ReplicaId, Newcomer> newcomers = new TreeMap<>();
  private final Map<ReplicaId, CopysetReport> reports = new TreeMap<>();

  @Override
  public synchronized CompletionStage<Registration> register(Newcomer newcomer) {
    ChunkserverId id =
        ids.computeIfAbsent(newcomer.store(), absent -> new ChunkserverId(ids.size() + 1));
    ReplicaId replica = new ReplicaId(id, newcomer.store());
    newcomers.put(replica, newcomer);
    reports.remove(replica);
    return CompletableFuture.completedStage(new Registration.Confirmed(id, Duration.ofMillis(100)));
  }

  @Override
  public synchronized CompletionStage<HeartbeatReply> heartbeat(ChunkserverReport report) {
    report.copysets().forEach(copyset -> reports.put(report.replica(), copyset));
    List<CopysetPlacement.Member> members =
        newcomers.entrySet().stream()
            .map(known ->
                new CopysetPlacement.Member(known.getKey(), known.getValue().addresses().data()))
            .toList();
    Map<CopysetKey, Membership> founding =
        newcomers.size() == 3 && !reports.containsKey(report.replica())
            ? Map.of(Samples.COPYSET, Membership.ofVoters(List.copyOf(newcomers.keySet())))
            : Map.of();
    return CompletableFuture.completedStage(
        new HeartbeatReply(
            AUTHORITY,
            founding,
            List.of(new CopysetPlacement(Samples.COPYSET, members, Optional.empty()))));
  }

  synchronized Newcomer newcomer(ReplicaId replica) {
    return newcomers.get(replica) instanceof Newcomer known ? known : unknown(replica);
  }

  private static Newcomer unknown(ReplicaId replica) {
    throw new AssertionError(replica + " has not registered");
  }

  synchronized Optional<ReplicaId> leader() {
    return reports.entrySet().stream()
        .filter(report -> report.getValue().leading())
        .max(Map.Entry.comparingByValue((a, b) -> Long.compare(a.term(), b.term())))
        .map(Map.Entry::getKey);
  }

  synchronized void forget(ReplicaId replica) {
    reports.remove(replica);
  }

  /** Of those that report, whether all have applied as much as the one that has most. */
  synchronized boolean allCaughtUp() {
    return reports.size() == 3
        && reports.values().stream().mapToLong(CopysetReport::appliedIndex).distinct().count() == 1;
  }
}
