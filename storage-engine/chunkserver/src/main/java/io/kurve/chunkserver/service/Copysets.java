package io.kurve.chunkserver.service;

import io.kurve.chunkserver.copyset.CommandReply;
import io.kurve.chunkserver.copyset.CopysetStateMachine;
import io.kurve.chunkserver.copyset.CopysetStateMachine.ControlWriter;
import io.kurve.chunkserver.store.SlotStore;
import io.kurve.chunkserver.store.SlotStore.CopysetControl;
import io.kurve.chunkserver.store.SlotStore.Slot;
import io.kurve.core.data.ReplicaService;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.FaultHandler;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.log.Membership;
import io.kurve.core.log.ReadPermission;
import io.kurve.core.log.ReplicatedLog;
import io.kurve.core.log.ReplicatedLogs;
import io.kurve.core.metadata.ChunkserverReport.OutOfService;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The replicas that run on this chunkserver. */
public final class Copysets {
  private static final Logger log = LoggerFactory.getLogger(Copysets.class);

  private final ReplicatedLogs logs;
  private final Storage storage;
  private final Peers peers;
  private final BooleanSupplier confirmed;
  private final ServicePools pools;
  private final ServiceMetrics metrics;
  private final Doorkeeping shared;
  private final Map<CopysetKey, CopysetReplica> running = new ConcurrentSkipListMap<>();

  /** Replicas that could not be started, and why. */
  private final Map<CopysetKey, String> broken = new ConcurrentSkipListMap<>();

  /** Replicas that were removed: their stores may learn again, but are founders no more. */
  private final Set<CopysetKey> removed = new TreeSet<>();

  /** Guards {@link #removed}, and the opening of a replica against a second one of its copyset. */
  private final ReentrantLock opening = new ReentrantLock();

  /**
   * @param disk as messages and metrics call it
   */
  public record Storage(SlotStore store, ControlWriter writer, FaultHandler faults, String disk) {}

  /**
   * @param reads whether a leader asks them before it answers a read
   */
  public record Peers(
      ReplicaId self, Function<ReplicaId, ReplicaService> services, ReadMode reads) {}

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
   * Starts a replica that does not run yet. One that is damaged stays out of service; the others of
   * this disk run without it.
   *
   * @param founders who founds the group if the store has no record of it
   */
  public Optional<CopysetReplica> open(CopysetKey copyset, Membership founders) {
    opening.lock();
    try {
      CopysetReplica there = running.get(copyset);
      if (there != null || broken.containsKey(copyset)) {
        return Optional.ofNullable(there);
      }
      if (removed.contains(copyset) && !founders.voters().isEmpty()) {
        log.warn("{}: {} is not founded again: its replica was removed", storage.disk(), copyset);
        return Optional.empty();
      }
      return Optional.of(start(copyset, founders));
    } catch (KurveException e) {
      if (e.code() != ErrorCode.BAD_STORE) {
        throw e;
      }
      log.error(
          "{}: the replica of {} is out of service: {}", storage.disk(), copyset, e.oneLine());
      broken.put(copyset, e.text());
      return Optional.empty();
    } finally {
      opening.unlock();
    }
  }

  private CopysetReplica start(CopysetKey copyset, Membership founders) {
    CopysetStateMachine machine =
        new CopysetStateMachine(
            copyset,
            storage.store(),
            new RelievingWriter(storage.writer(), new SlotRelief(this::all, pools.waiting())),
            storage.faults(),
            confirmed,
            new RemotePeers(peers.services()),
            metrics);
    ObservedStateMachine observed =
        new ObservedStateMachine(machine, shared.nanoTime(), metrics, shared.slowLog());
    ReplicatedLog<CommandReply> replicated = logs.open(copyset, founders, observed);
    LeaderProof proof = proof(machine, replicated);
    CopysetReplica replica =
        new CopysetReplica(
            machine,
            observed,
            replicated,
            proof,
            new LeaderChanges(machine, replicated, proof, shared),
            new LeaderReads(machine, proof, shared, repair(machine, replicated), pools.repairs()));
    running.put(copyset, replica);
    return replica;
  }

  private LeaderProof proof(CopysetStateMachine machine, ReplicatedLog<CommandReply> log) {
    return switch (peers.reads()) {
      case LEASE -> told -> told.accept(log.readPermission());
      case QUORUM -> new QuorumProof(machine, log, shared.space());
    };
  }

  /** Replicas that are here and can't run, in order of their keys. */
  public List<OutOfService> outOfService() {
    Map<CopysetKey, OutOfService> all = new TreeMap<>();
    broken.forEach((copyset, why) -> all.put(copyset, new OutOfService(copyset, why, false)));
    running.forEach((copyset, replica) -> {
      Optional<String> noRoom = replica.machine().needsMove();
      if (noRoom.isPresent()) {
        all.put(copyset, new OutOfService(copyset, noRoom.get(), true));
      } else if (replica.hasFailed()) {
        String why = "it was stopped by an error, which the chunkserver's log names";
        all.put(copyset, new OutOfService(copyset, why, false));
      }
    });
    return List.copyOf(all.values());
  }

  /**
   * Removes a replica for good: a tombstone in the log, then its slots and its control state. Can
   * be done twice, so what a crash cut off is gone on with.
   *
   * @return why not now
   */
  Optional<KurveException> purge(CopysetKey copyset) {
    opening.lock();
    try {
      CopysetReplica replica = running.get(copyset);
      if (replica != null && replica.log().readPermission() instanceof ReadPermission.Granted) {
        return Optional.of(
            new KurveException(
                ErrorCode.REFUSED,
                copyset + " is led here: its other members count on this replica",
                "change its membership first"));
      }
      if (replica != null && !replica.machine().retire()) {
        return Optional.of(
            new KurveException(
                ErrorCode.UNAVAILABLE, copyset + " is being installed here", "try again later"));
      }
      running.remove(copyset);
      broken.remove(copyset);
      removed.add(copyset);
      logs.purge(copyset);
      free(copyset, replica);
      log.info("{}: the replica of {} is removed", storage.disk(), copyset);
      return Optional.empty();
    } finally {
      opening.unlock();
    }
  }

  private void free(CopysetKey copyset, @Nullable CopysetReplica replica) {
    Set<Slot> slots = new LinkedHashSet<>();
    CopysetControl control = storage.store().controls().get(copyset);
    if (control != null) {
      slots.addAll(control.slots());
    }
    if (replica != null) {
      slots.addAll(replica.machine().slots());
    }
    slots.forEach(storage.store()::free);
    if (control != null) {
      storage.store().checkpoint(List.of(), Set.of(copyset));
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
