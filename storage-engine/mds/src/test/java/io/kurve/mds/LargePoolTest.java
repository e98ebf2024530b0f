package io.kurve.mds;

import static org.assertj.core.api.Assertions.assertThat;

import io.kurve.core.id.CopysetId;
import io.kurve.core.metadata.ClusterInspection.DiskInfo;
import io.kurve.testkit.metastore.InMemoryMetaStore.CommitFault;
import java.time.Duration;
import java.util.List;
import java.util.TreeSet;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LargePoolTest {
  private static final int COPYSETS = 250;

  private final TestCluster cluster = new TestCluster();
  private int steps;

  /** A pool takes more than one transaction; whoever founds it can die after any of them. */
  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3})
  void aPoolIsFoundedInStepsAndTheNextLeaderGoesOn(int dyingStep) {
    cluster.bootstrap(5, COPYSETS);
    boolean[] killed = new boolean[1];
    cluster.store.failNext(
        CommitFault.UNKNOWN_APPLIED,
        transaction -> {
          boolean founding =
              transaction.writes().stream().anyMatch(write -> write.key().contains("copyset/"));
          killed[0] = founding && ++steps == dyingStep;
          if (killed[0]) {
            cluster.cutMdsOff();
          }
          return killed[0];
        });
    cluster.mds.start();
    for (int i = 1; i <= 5; i++) {
      cluster.addDisk(i, "server-" + i);
    }
    cluster.run(Duration.ofSeconds(3));
    if (killed[0]) {
      cluster.run(Duration.ofSeconds(4));
      cluster.restartMds();
    }
    cluster.until(() -> cluster.chunkservers.copysets.size() >= COPYSETS);
    cluster.run(Duration.ofSeconds(4));
    assertThat(cluster.chunkservers.copysets).hasSize(COPYSETS);
    assertThat(new TreeSet<CopysetId>(cluster.chunkservers.copysets.keySet())).hasSize(COPYSETS);
    List<DiskInfo> disks = cluster.await(cluster.mds.inspection().disks());
    assertThat(disks).extracting(DiskInfo::copysets).containsOnly(COPYSETS * 3 / 5);
    assertThat(steps).isEqualTo(dyingStep == 0 ? 3 : dyingStep);
  }
}
