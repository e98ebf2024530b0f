package io.kurve.testkit.raft;

import io.kurve.testkit.log.ReplicatedLogCluster;
import io.kurve.testkit.log.ReplicatedLogContract;

/** The simulated raft keeps to the port's contract, as the one on jraft does. */
final class SimReplicatedLogTest extends ReplicatedLogContract {
  @Override
  protected ReplicatedLogCluster newCluster() {
    return new SimLogCluster(1);
  }
}
