package io.kurve.chunkserver.service;

import io.kurve.chunkserver.copyset.CommandReply;
import io.kurve.chunkserver.copyset.CopysetStateMachine;
import io.kurve.chunkserver.copyset.CopysetStateMachine.ControlWriter;
import io.kurve.chunkserver.store.SlotStore;
import io.kurve.core.data.ReplicaService;
import io.kurve.core.failure.FaultHandler;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.log.Membership;
import io.kurve.core.log.ReplicatedLog;
import io.kurve.core.log.ReplicatedLogs;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.Function;

/** The replicas that run on this chunkserver. */
public final class Copysets {
  private final ReplicatedLogs logs;
  private final Storage storage;
  private final Peers peers;
  private final BooleanSupplier confirmed;
  private final ServicePools pools;
  private final ServiceMetrics metrics;
  private final Doorkeeping shared;
  private final Map<CopysetKey, CopysetReplica> running = new ConcurrentSkipListMap<>();

  /** Guards the opening of a replica against a second one of the same copyset. */
  private final ReentrantLock opening = new ReentrantLock();

  /**
   * @param disk as messages and metrics call it
   */
  public record Storage(SlotStore store, ControlWriter writer, FaultHandler faults, String disk) {}

  public record Peers(ReplicaId self, Function<ReplicaId, ReplicaService> services) {}

  /**
   * @param confirmed whether the MDS has confirmed the store; until then no replica votes
   */
  public Copysets(
      ReplicatedLogs logs,
      Storage storage,
      Peers peers,
      BooleanSupplier confirmed,
      ServicePools pools,
      ServiceLimits limits,
      ServiceMetrics metrics) {
    this.logs = logs;
    this.storage = storage;
    this.peers = peers;
    this.confirmed = confirmed;
    this.pools = pools;
    this.metrics = metrics;
    this.shared =
        new Doorkeeping(
            new SpaceGate(storage.store(), logs::space, limits),
            metrics,
            new SlowLog(limits.slowRequest(), metrics),
            pools.nanoTime(),
            pools.io());
  }

  public Optional<CopysetReplica> find(CopysetKey copyset) {
    return Optional.ofNullable(running.get(copyset));
  }

  /** In order of their keys. */
  public Collection<CopysetReplica> all() {
    return List.copyOf(running.values());
  }

  /**
   * Starts a replica that does not run yet.
   *
   * @param founders who founds the group if the store has no record of it
   */
  public CopysetReplica open(CopysetKey copyset, Membership founders) {
    opening.lock();
    try {
      CopysetReplica there = running.get(copyset);
      if (there != null) {
        return there;
      }
      CopysetStateMachine machine =
          new CopysetStateMachine(
              copyset,
              storage.store(),
              storage.writer(),
              storage.faults(),
              confirmed,
              new RemotePeers(peers.services()),
              metrics);
      ObservedStateMachine observed =
          new ObservedStateMachine(machine, shared.nanoTime(), metrics, shared.slowLog());
      ReplicatedLog<CommandReply> log = logs.open(copyset, founders, observed);
      CopysetReplica replica =
          new CopysetReplica(
              machine,
              observed,
              log,
              new LeaderChanges(machine, log, shared),
              new LeaderReads(machine, log, shared, repair(machine, log), pools.repairs()));
      running.put(copyset, replica);
      return replica;
    } finally {
      opening.unlock();
    }
  }

  private BlockRepair repair(CopysetStateMachine machine, ReplicatedLog<CommandReply> log) {
    return new BlockRepair(
        machine,
        () ->
            log.status().membership().voters().stream()
                .filter(member -> !member.equals(peers.self()))
                .toList(),
        peers.services(),
        metrics,
        storage.disk());
  }

  /** Stops all replicas; their logs stay on disk. */
  public void close() {
    running.values().forEach(replica -> replica.log().close());
  }
}
