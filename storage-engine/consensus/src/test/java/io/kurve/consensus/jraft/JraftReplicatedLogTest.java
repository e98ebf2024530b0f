package io.kurve.consensus.jraft;

import io.kurve.testkit.log.ReplicatedLogCluster;
import io.kurve.testkit.log.ReplicatedLogContract;
import org.junit.jupiter.api.Tag;

/** The contract on the real WAL, which loses at each kill what was not durable. */
@Tag("slow")
final class JraftReplicatedLogTest extends ReplicatedLogContract {
  @Override
  protected ReplicatedLogCluster newCluster() {
    return new LoopbackCluster(3, VolatileWal::new);
  }
}
