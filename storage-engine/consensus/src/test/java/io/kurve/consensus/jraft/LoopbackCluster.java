package io.kurve.consensus.jraft;

import io.kurve.core.id.ChunkserverId;
import io.kurve.core.id.CopysetGeneration;
import io.kurve.core.id.CopysetId;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.id.StoreId;
import io.kurve.core.log.Membership;
import io.kurve.core.log.ReplicatedLog;
import io.kurve.testkit.failure.HaltingFaultHandler;
import io.kurve.testkit.log.ListStateMachine;
import io.kurve.testkit.log.ReplicatedLogCluster;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Three chunkservers in one process. */
final class LoopbackCluster implements ReplicatedLogCluster {
  static final Duration ELECTION_TIMEOUT = Duration.ofMillis(400);

  private final CopysetKey copyset = new CopysetKey(new CopysetId(7), new CopysetGeneration(1));
  private final LoopbackNetwork network = new LoopbackNetwork();
  private final ExecutorService persistence = Executors.newVirtualThreadPerTaskExecutor();
  private final List<ReplicaId> replicas;
  private final ReplicaId spare;
  private final Map<ReplicaId, Machine> machines = new HashMap<>();

  LoopbackCluster(int count, Function<ReplicaId, MachineWal> wals) {
    replicas = IntStream.rangeClosed(1, count).mapToObj(LoopbackCluster::replica).toList();
    spare = replica(count + 1);
    replicas.forEach(replica -> machines.put(replica, new Machine(wals.apply(replica))));
    machines.put(spare, new Machine(wals.apply(spare)));
  }

  private static ReplicaId replica(int number) {
    return new ReplicaId(new ChunkserverId(number), new StoreId(new UUID(7, number)));
  }

  /** What outlives a process, and the process. */
  private static final class Machine {
    final MachineWal wal;
    final ListStateMachine.Storage storage = new ListStateMachine.Storage();
    final FakeLeaseClock clock = new FakeLeaseClock();
    HaltingFaultHandler faults = new HaltingFaultHandler();
    @Nullable Process process;

    Machine(MachineWal wal) {
      this.wal = wal;
    }
  }

  private record Process(
      JraftReplicas logs, ReplicatedLog<Integer> log, ListStateMachine machine) {}

  static final class FakeLeaseClock implements LeaseClock {
    private final AtomicLong suspended = new AtomicLong();

    void suspend(Duration time) {
      suspended.addAndGet(time.toNanos());
    }

    @Override
    public long monotonicNanos() {
      return System.nanoTime();
    }

    @Override
    public long suspendedNanos() {
      return suspended.get();
    }
  }

  private Machine machineOf(ReplicaId replica) {
    return Objects.requireNonNull(machines.get(replica), "no such replica");
  }

  LoopbackNetwork network() {
    return network;
  }

  HaltingFaultHandler faults(ReplicaId replica) {
    return machineOf(replica).faults;
  }

  FakeLeaseClock clock(ReplicaId replica) {
    return machineOf(replica).clock;
  }

  private Process process(ReplicaId replica) {
    return Objects.requireNonNull(machineOf(replica).process, "not running");
  }

  CopysetKey copyset() {
    return copyset;
  }

  @Override
  public List<ReplicaId> replicas() {
    return replicas;
  }

  @Override
  public ReplicaId spare() {
    return spare;
  }

  @Override
  public Duration electionTimeout() {
    return ELECTION_TIMEOUT;
  }

  @Override
  public void start(ReplicaId replica) {
    Machine machine = machineOf(replica);
    machine.faults = new HaltingFaultHandler();
    JraftReplicas process =
        new JraftReplicas(
            replica,
            machine.wal.start(machine.faults),
            network.attach(replica),
            machine.faults,
            persistence,
            machine.clock,
            ReplicationSettings.defaults().withElectionTimeout(ELECTION_TIMEOUT));
    ListStateMachine state =
        new ListStateMachine(machine.storage, source -> machineOf(source).storage);
    machine.process = new Process(process, process.open(copyset, founders(replica), state), state);
  }

  private Membership founders(ReplicaId replica) {
    return replica.equals(spare)
        ? new Membership(List.of(), List.of(spare))
        : Membership.ofVoters(replicas);
  }

  @Override
  public void kill(ReplicaId replica) {
    network.detach(replica);
    Machine machine = machineOf(replica);
    machine.wal.losePower();
    process(replica).logs.close();
    machine.process = null;
  }

  @Override
  public boolean isRunning(ReplicaId replica) {
    return machineOf(replica).process != null;
  }

  @Override
  public void cut(ReplicaId one, ReplicaId other) {
    network.cut(one, other);
  }

  @Override
  public void join(ReplicaId one, ReplicaId other) {
    network.join(one, other);
  }

  @Override
  public ReplicatedLog<Integer> log(ReplicaId replica) {
    return process(replica).log;
  }

  @Override
  public ListStateMachine machine(ReplicaId replica) {
    return process(replica).machine;
  }

  @Override
  public ListStateMachine.Storage storage(ReplicaId replica) {
    return machineOf(replica).storage;
  }

  @Override
  public void close() {
    for (ReplicaId replica : List.copyOf(machines.keySet())) {
      if (isRunning(replica)) {
        kill(replica);
      }
    }
    network.close();
    persistence.shutdownNow();
  }
}
