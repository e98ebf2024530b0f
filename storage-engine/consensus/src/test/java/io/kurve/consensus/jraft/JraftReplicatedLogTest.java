package io.kurve.consensus.jraft;

import io.kurve.testkit.log.ReplicatedLogCluster;
import io.kurve.testkit.log.ReplicatedLogContract;

final class JraftReplicatedLogTest extends ReplicatedLogContract {
  @Override
  protected ReplicatedLogCluster newCluster() {
    return new LoopbackCluster(3);
  }
}
