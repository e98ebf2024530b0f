package io.kurve.testkit.log;

import io.kurve.core.id.ReplicaId;
import io.kurve.core.log.ReplicatedLog;
import java.time.Duration;
import java.util.List;
import java.util.function.BooleanSupplier;

/** Replicas of one copyset, each on a machine of its own that can be killed and cut off. */
public interface ReplicatedLogCluster extends AutoCloseable {
  /** Those that found the group. */
  List<ReplicaId> replicas();

  /** One that is no member, until it is made one; it starts to join as a learner. */
  ReplicaId spare();

  Duration electionTimeout();

  /** Starts the replica's process; its disk is as the last kill left it. */
  void start(ReplicaId replica);

  /** The process is gone at once; what was not durable is lost. */
  void kill(ReplicaId replica);

  boolean isRunning(ReplicaId replica);

  /** No message passes between the two any more, in either direction. */
  void cut(ReplicaId one, ReplicaId other);

  void join(ReplicaId one, ReplicaId other);

  ReplicatedLog<Integer> log(ReplicaId replica);

  ListStateMachine machine(ReplicaId replica);

  ListStateMachine.Storage storage(ReplicaId replica);

  /** Lets time pass until the condition holds, at most so long. */
  default boolean becomesTrue(Duration deadline, BooleanSupplier condition) {
    return Patience.becomesTrue(deadline, condition);
  }

  /** The time that passes. */
  default long nanoTime() {
    return System.nanoTime();
  }

  @Override
  void close();
}
