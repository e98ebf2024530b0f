package io.kurve.testkit.raft;

import io.kurve.core.id.ChunkserverId;
import io.kurve.core.id.CopysetGeneration;
import io.kurve.core.id.CopysetId;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.id.StoreId;
import io.kurve.core.log.Membership;
import io.kurve.core.log.ReplicatedLog;
import io.kurve.core.time.EventLoop;
import io.kurve.testkit.log.ListStateMachine;
import io.kurve.testkit.log.ReplicatedLogCluster;
import io.kurve.testkit.world.SimNetwork;
import io.kurve.testkit.world.SimProcess;
import io.kurve.testkit.world.SimWorld;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Three simulated replicas; time passes only while the test waits. */
final class SimLogCluster implements ReplicatedLogCluster {
  private final CopysetKey copyset = new CopysetKey(new CopysetId(7), new CopysetGeneration(1));
  private final SimWorld world;
  private final SimNetwork network;
  private final SimRaft raft;
  private final List<ReplicaId> replicas;
  private final ReplicaId spare;
  private final Map<ReplicaId, Machine> machines = new TreeMap<>();

  /** What outlives a process, and the process. */
  private static final class Machine {
    private final SimProcess process;
    private final ListStateMachine.Storage storage = new ListStateMachine.Storage();
    private @Nullable ListStateMachine state;
    private @Nullable ReplicatedLog<Integer> log;

    private Machine(SimProcess process) {
      this.process = process;
    }
  }

  SimLogCluster(long seed) {
    world = new SimWorld(seed, () -> {});
    network = new SimNetwork(world);
    raft = new SimRaft(world, network);
    replicas = IntStream.rangeClosed(1, 3).mapToObj(SimLogCluster::replica).toList();
    spare = replica(4);
    replicas.forEach(this::add);
    add(spare);
  }

  private static ReplicaId replica(int number) {
    return new ReplicaId(new ChunkserverId(number), new StoreId(new UUID(7, number)));
  }

  private void add(ReplicaId replica) {
    machines.put(replica, new Machine(world.process(replica.chunkserver().toString())));
  }

  private Machine machineOf(ReplicaId replica) {
    return Objects.requireNonNull(machines.get(replica), "no such replica");
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
    return Elections.TIMEOUT;
  }

  @Override
  public void start(ReplicaId replica) {
    Machine machine = machineOf(replica);
    EventLoop loop = machine.process.start();
    ListStateMachine state =
        new ListStateMachine(machine.storage, source -> machineOf(source).storage);
    // One that was never told to install, and still may not vote, waits for its confirmation.
    BooleanSupplier confirmed = () -> state.mayVote() || machine.storage.installs() > 0;
    SimReplicatedLogs logs =
        new SimReplicatedLogs(raft, replica, machine.process, loop, confirmed, () -> false);
    machine.state = state;
    machine.log = logs.open(copyset, founders(replica), state);
  }

  private Membership founders(ReplicaId replica) {
    return replica.equals(spare)
        ? new Membership(List.of(), List.of(spare))
        : Membership.ofVoters(replicas);
  }

  @Override
  public void kill(ReplicaId replica) {
    machineOf(replica).process.kill("the test");
  }

  @Override
  public boolean isRunning(ReplicaId replica) {
    return machineOf(replica).process.isUp();
  }

  @Override
  public void cut(ReplicaId one, ReplicaId other) {
    network.cut(machineOf(one).process, machineOf(other).process);
    network.cut(machineOf(other).process, machineOf(one).process);
  }

  @Override
  public void join(ReplicaId one, ReplicaId other) {
    network.heal(machineOf(one).process, machineOf(other).process);
    network.heal(machineOf(other).process, machineOf(one).process);
  }

  @Override
  public ReplicatedLog<Integer> log(ReplicaId replica) {
    return Objects.requireNonNull(machineOf(replica).log, "not running");
  }

  @Override
  public ListStateMachine machine(ReplicaId replica) {
    return Objects.requireNonNull(machineOf(replica).state, "not running");
  }

  @Override
  public ListStateMachine.Storage storage(ReplicaId replica) {
    return machineOf(replica).storage;
  }

  @Override
  public boolean becomesTrue(Duration deadline, BooleanSupplier condition) {
    return world.runUntil(condition, deadline);
  }

  @Override
  public long nanoTime() {
    return world.nanoTime();
  }

  @Override
  public void close() {
    machines.values().forEach(machine -> machine.process.kill("the test ends"));
  }
}
