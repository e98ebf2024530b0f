package io.kurve.testkit.raft;

import io.kurve.core.id.CopysetKey;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.log.Membership;
import io.kurve.core.log.ReplicatedLog;
import io.kurve.core.log.ReplicatedLogs;
import io.kurve.core.log.ReplicatedStateMachine;
import io.kurve.core.time.EventLoop;
import io.kurve.testkit.world.SimProcess;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** The logs of one store in one life of its process. */
public final class SimReplicatedLogs implements ReplicatedLogs {
  private static final long TOTAL_BYTES = 64 << 20;

  private final SimRaft raft;
  private final ReplicaId self;
  private final SimProcess process;
  private final EventLoop loop;
  private final BooleanSupplier confirmed;
  private final BooleanSupplier isFull;
  private final Map<CopysetKey, SimReplicatedLog<?>> open = new TreeMap<>();

  /**
   * @param confirmed as the state machines are told: an install waits for it
   * @param isFull whether the log says that it has no room
   */
  public SimReplicatedLogs(
      SimRaft raft,
      ReplicaId self,
      SimProcess process,
      EventLoop loop,
      BooleanSupplier confirmed,
      BooleanSupplier isFull) {
    this.raft = raft;
    this.self = self;
    this.process = process;
    this.loop = loop;
    this.confirmed = confirmed;
    this.isFull = isFull;
    raft.join(self, this);
    process.atDeath(this::die);
  }

  private void die() {
    open.values().forEach(SimReplicatedLog::die);
    raft.leave(self);
  }

  SimProcess process() {
    return process;
  }

  EventLoop loop() {
    return loop;
  }

  ReplicaId self() {
    return self;
  }

  boolean confirmed() {
    return confirmed.getAsBoolean();
  }

  @Nullable SimReplicatedLog<?> find(CopysetKey copyset) {
    return open.get(copyset);
  }

  @Override
  public Set<CopysetKey> members() {
    return new TreeSet<>(raft.kept(self).keySet());
  }

  @Override
  public <R> ReplicatedLog<R> open(
      CopysetKey copyset, Membership initial, ReplicatedStateMachine<R> stateMachine) {
    SimReplicatedLog<R> log =
        new SimReplicatedLog<>(
            new Site(raft, this, copyset), raft.found(self, copyset, initial), stateMachine);
    open.put(copyset, log);
    log.start();
    return log;
  }

  @Override
  public void purge(CopysetKey copyset) {
    SimReplicatedLog<?> log = open.remove(copyset);
    if (log != null) {
      log.close();
    }
    raft.purge(self, copyset);
  }

  @Override
  public LogSpace space() {
    long used = open.values().stream().mapToLong(log -> log.standing().log().bytes()).sum();
    return new LogSpace(isFull.getAsBoolean() ? TOTAL_BYTES : used, TOTAL_BYTES);
  }

  @Override
  public void close() {
    open.values().forEach(SimReplicatedLog::close);
  }
}
