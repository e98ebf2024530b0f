package io.kurve.chunkserver.server;

import static org.assertj.core.api.Assertions.assertThat;

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
import io.kurve.core.metadata.ChunkserverReport.OutOfService;
import io.kurve.core.metadata.CopysetPlacement;
import io.kurve.core.metadata.HostAndPort;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * Confirms every store, founds copysets on all of them once they are there, and remembers what they
 * report. A store that comes back with less than it had reported fails the test (rule 11).
 */
final class FakeMds implements ChunkserverRegistry {
  static final Authority AUTHORITY = new Authority(new MdsTerm(5), 10, 10);

  private final int stores;
  private final Set<CopysetKey> copysets;
  private final Map<StoreId, ChunkserverId> ids = new TreeMap<>();
  private final Map<ReplicaId, Newcomer> newcomers = new TreeMap<>();
  private final Map<ReplicaId, ChunkserverReport> reports = new TreeMap<>();
  private final Map<ReplicaId, Map<CopysetKey, Long>> durable = new TreeMap<>();
  private final Map<ReplicaId, Long> mostLog = new TreeMap<>();
  private final Map<Integer, Integer> beats = new TreeMap<>();
  private final Set<StoreId> refused = new TreeSet<>();
  private boolean expectsLoss;

  FakeMds(int stores, Set<CopysetKey> copysets) {
    this.stores = stores;
    this.copysets = Set.copyOf(copysets);
  }

  @Override
  public synchronized CompletionStage<Registration> register(Newcomer newcomer) {
    ChunkserverId id =
        ids.computeIfAbsent(newcomer.store(), absent -> new ChunkserverId(ids.size() + 1));
    ReplicaId replica = new ReplicaId(id, newcomer.store());
    if (expectsLoss && hasLost(replica, newcomer)) {
      refused.add(newcomer.store());
      return CompletableFuture.completedStage(
          new Registration.Unconfirmed(replica + " has lost entries"));
    }
    durable
        .getOrDefault(replica, Map.of())
        .forEach((copyset, index) ->
            assertThat(newcomer.durableIndexes().getOrDefault(copyset, -1L))
                .as("durable index of %s at %s", copyset, replica)
                .isGreaterThanOrEqualTo(index));
    newcomers.put(replica, newcomer);
    reports.remove(replica);
    return CompletableFuture.completedStage(new Registration.Confirmed(id, Duration.ofMillis(100)));
  }

  private boolean hasLost(ReplicaId replica, Newcomer newcomer) {
    return durable.getOrDefault(replica, Map.of()).entrySet().stream()
        .anyMatch(known ->
            newcomer.durableIndexes().getOrDefault(known.getKey(), -1L) < known.getValue());
  }

  /** From now on a store that lost entries is refused, as the real one does it. */
  synchronized void expectLoss() {
    expectsLoss = true;
  }

  synchronized boolean isRefused(int number) {
    return refused.contains(new StoreId(new UUID(0, number)));
  }

  /** What the store said last of replicas that can't run. */
  synchronized List<OutOfService> outOfService(int number) {
    return reports.entrySet().stream()
        .filter(report -> ChunkserverWorld.number(report.getKey()) == number)
        .flatMap(report -> report.getValue().outOfService().stream())
        .toList();
  }

  /** How often the store has reported. */
  synchronized int beats(int number) {
    return beats.getOrDefault(number, 0);
  }

  @Override
  public synchronized CompletionStage<HeartbeatReply> heartbeat(ChunkserverReport report) {
    ReplicaId replica = report.replica();
    reports.put(replica, report);
    beats.merge(ChunkserverWorld.number(replica), 1, Integer::sum);
    mostLog.merge(replica, report.capacity().logBytesUsed(), Math::max);
    Map<CopysetKey, Long> known = durable.computeIfAbsent(replica, absent -> new TreeMap<>());
    report.copysets().forEach(one -> known.merge(one.copyset(), one.durableIndex(), Math::max));
    List<CopysetPlacement.Member> members =
        newcomers.entrySet().stream()
            .map(
                one -> new CopysetPlacement.Member(one.getKey(), one.getValue().addresses().data()))
            .toList();
    Map<CopysetKey, Membership> founding = new TreeMap<>();
    if (newcomers.size() == stores && report.copysets().isEmpty()) {
      copysets.forEach(
          one -> founding.put(one, Membership.ofVoters(List.copyOf(newcomers.keySet()))));
    }
    return CompletableFuture.completedStage(
        new HeartbeatReply(
            AUTHORITY,
            founding,
            copysets.stream()
                .map(one -> new CopysetPlacement(one, members, Optional.empty()))
                .toList()));
  }

  synchronized Newcomer newcomer(ReplicaId replica) {
    Newcomer known = newcomers.get(replica);
    return known != null ? known : unknown(replica);
  }

  /** Of a store that has registered. */
  synchronized ReplicaId replica(int number) {
    return newcomers.keySet().stream()
        .filter(one -> ChunkserverWorld.number(one) == number)
        .findFirst()
        .orElseThrow();
  }

  /** What the store said last, if it has said anything since its start. */
  synchronized Optional<ChunkserverReport> report(ReplicaId replica) {
    return Optional.ofNullable(reports.get(replica));
  }

  /** Where the store said last that it serves data. */
  synchronized HostAndPort addressOf(int number) {
    return newcomers.entrySet().stream()
        .filter(one -> ChunkserverWorld.number(one.getKey()) == number)
        .map(one -> one.getValue().addresses().data())
        .findFirst()
        .orElseThrow();
  }

  private static Newcomer unknown(ReplicaId replica) {
    throw new AssertionError(replica + " has not registered");
  }

  private Map<ReplicaId, CopysetReport> reportsOf(CopysetKey copyset) {
    Map<ReplicaId, CopysetReport> found = new TreeMap<>();
    reports.forEach((replica, report) ->
        report.copysets().stream()
            .filter(one -> one.copyset().equals(copyset))
            .forEach(one -> found.put(replica, one)));
    return found;
  }

  synchronized Optional<ReplicaId> leader(CopysetKey copyset) {
    return reportsOf(copyset).entrySet().stream()
        .filter(report -> report.getValue().leading())
        .max(Map.Entry.comparingByValue((a, b) -> Long.compare(a.term(), b.term())))
        .map(Map.Entry::getKey);
  }

  /** What the store said last of its disk; empty when it has not said anything since its start. */
  synchronized Optional<Optional<String>> diskFailure(int number) {
    return reports.entrySet().stream()
        .filter(report -> ChunkserverWorld.number(report.getKey()) == number)
        .map(report -> report.getValue().diskFailure())
        .findFirst();
  }

  synchronized void forget(ReplicaId replica) {
    reports.remove(replica);
  }

  synchronized void forget(int number) {
    reports.keySet().removeIf(replica -> ChunkserverWorld.number(replica) == number);
  }

  /** Of those that report, whether all have applied as much as the one that has most. */
  synchronized boolean allCaughtUp(CopysetKey copyset) {
    Map<ReplicaId, CopysetReport> found = reportsOf(copyset);
    return found.size() == stores
        && found.values().stream().noneMatch(CopysetReport::installing)
        && found.values().stream().mapToLong(CopysetReport::appliedIndex).distinct().count() == 1;
  }

  /** The last entry that somebody has reported as applied. */
  synchronized long applied(CopysetKey copyset) {
    return reportsOf(copyset).values().stream()
        .mapToLong(CopysetReport::appliedIndex)
        .max()
        .orElse(0);
  }

  /** Whether the store's log was longer once than it reported last, by this much at least. */
  synchronized boolean hasTrimmed(ReplicaId replica, long bytes) {
    ChunkserverReport last = reports.get(replica);
    return last != null
        && mostLog.getOrDefault(replica, 0L) - last.capacity().logBytesUsed() >= bytes;
  }
}
