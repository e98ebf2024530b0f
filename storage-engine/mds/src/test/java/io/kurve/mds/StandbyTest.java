package io.kurve.mds;

import static io.kurve.mds.TestCluster.GIB;
import static org.assertj.core.api.Assertions.assertThat;

import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.metadata.HostAndPort;
import io.kurve.core.metadata.Volume;
import io.kurve.mds.leadership.MdsPorts;
import io.kurve.mds.leadership.Timings;
import io.kurve.mds.repair.RepairPolicy;
import io.kurve.testkit.metastore.InMemoryMetaStore;
import io.kurve.testkit.time.SeededRandom;
import java.time.Duration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class StandbyTest {
  private static final HostAndPort FIRST = new HostAndPort("mds-1", 7400);
  private static final HostAndPort SECOND = new HostAndPort("mds-2", 7400);

  private final TestCluster cluster = TestCluster.started(3, 4);
  private final InMemoryMetaStore.Session session = cluster.store.connect();
  private final Mds standby =
      new Mds(
          new MdsPorts(
              cluster.loop,
              session,
              new CutCommands(cluster.chunkservers),
              new SeededRandom(8),
              () -> TestCluster.BIRTH.plusNanos(cluster.loop.nanoTime()),
              cluster.faults,
              new ChunkserverAddresses()),
          Timings.standard(),
          RepairPolicy.standard(),
          SECOND,
          (_, _, _) -> {});

  @BeforeEach
  void start() {
    standby.start();
    cluster.run(Duration.ofSeconds(2));
  }

  @Test
  void aStandbyIsReadyAndNamesTheLeaderToAllWhoAskIt() {
    assertThat(standby.notReady()).isEmpty();
    assertThat(standby.inPlace().toCompletableFuture()).isCompleted();
    KurveException refusal = cluster.refusal(standby.volumes().list());
    assertThat(refusal.code()).isEqualTo(ErrorCode.NOT_LEADER);
    assertThat(refusal.leader()).contains(FIRST);
    assertThat(refusal.text()).contains("mds-2:7400 does not lead; the leader is mds-1:7400");
    assertThat(cluster.await(cluster.mds.inspection().leader()).address()).isEqualTo(FIRST);
  }

  @Test
  void aStandbyThatDoesNotReachTheStoreIsNotReadyAndNamesNobody() {
    session.cutOff(true);
    cluster.run(Duration.ofSeconds(2));
    assertThat(standby.notReady()).contains("waits for its election");
    KurveException refusal = cluster.refusal(standby.volumes().list());
    assertThat(refusal.code()).isEqualTo(ErrorCode.NOT_LEADER);
    assertThat(refusal.leader()).isEmpty();
  }

  @Test
  void whenALeaderStopsTheNextOneServesAtOnceAndKnowsAll() {
    Volume made = cluster.create("v", GIB);
    Mds old = cluster.mds;
    cluster.mds = standby;
    long begin = cluster.loop.nanoTime();
    cluster.await(old.stop());
    cluster.until(() -> standby.notReady().isEmpty());
    cluster.until(() ->
        cluster
            .await(standby.volumes().list().handle((list, failure) -> failure == null))
            .booleanValue());
    assertThat(Duration.ofNanos(cluster.loop.nanoTime() - begin)).isLessThan(Duration.ofSeconds(2));
    assertThat(cluster.await(standby.volumes().info("v")).volume().id()).isEqualTo(made.id());
    KurveException refusal = cluster.refusal(old.volumes().list());
    assertThat(refusal.code()).isEqualTo(ErrorCode.NOT_LEADER);
    assertThat(refusal.leader()).contains(SECOND);
  }

  @Test
  void whenALeaderIsKilledTheNextOneServesWithinEightSeconds() {
    cluster.create("v", GIB);
    cluster.cutMdsOff();
    cluster.mds = standby;
    long begin = cluster.loop.nanoTime();
    cluster.until(() ->
        cluster
            .await(standby.volumes().list().handle((list, failure) -> failure == null))
            .booleanValue());
    assertThat(Duration.ofNanos(cluster.loop.nanoTime() - begin)).isLessThan(Duration.ofSeconds(8));
  }

  @Test
  void nobodyHasMoreThanOneLease() {
    session.cutOff(true);
    cluster.run(Duration.ofMillis(2600));
    session.cutOff(false);
    for (int i = 0; i < 300; i++) {
      cluster.run(Duration.ofMillis(20));
      assertThat(cluster.store.leases()).isLessThanOrEqualTo(2);
    }
    assertThat(cluster.store.leases()).isEqualTo(2);
  }
}
