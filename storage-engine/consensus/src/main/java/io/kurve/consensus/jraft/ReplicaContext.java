package io.kurve.consensus.jraft;

import com.alipay.sofa.jraft.util.concurrent.FixedThreadsExecutorGroup;
import io.kurve.consensus.RaftTransport;
import io.kurve.core.failure.FaultHandler;
import io.kurve.core.id.ReplicaId;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;

/** What all replicas of a chunkserver share. */
record ReplicaContext(
    ReplicaId self,
    LogRoom room,
    RaftTransport transport,
    FaultHandler faults,
    LeaseClock clock,
    ReplicationSettings settings,
    Executors executors) {

  /**
   * @param persistence writes checkpoints
   * @param tasks runs what may wait, each on a thread of its own
   * @param failures tells jraft of calls that failed at once
   */
  record Executors(
      Executor persistence, ExecutorService tasks, FixedThreadsExecutorGroup failures) {}
}
