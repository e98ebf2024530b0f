package io.kurve.mds;

import static io.kurve.mds.TestCluster.GIB;
import static org.assertj.core.api.Assertions.assertThat;

import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.metadata.ClusterInspection.Reason;
import io.kurve.core.metadata.MetadataService.Opened;
import io.kurve.core.metadata.SegmentMap;
import io.kurve.core.metadata.Volume;
import io.kurve.core.metadata.VolumeAdmin.NewVolume;
import io.kurve.core.metadata.VolumeAdmin.PolicyChange;
import io.kurve.core.metadata.VolumeAdmin.VolumeUse;
import io.kurve.core.metadata.VolumePolicy;
import io.kurve.testkit.metastore.InMemoryMetaStore;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;

/** Deleted volumes: kept, had back, destroyed; by virtual time. */
class RecycleBinTest {
  private static final Duration KEPT = Duration.ofMinutes(10);

  private final TestCluster cluster = TestCluster.started(3, 4, new VolumePolicy(100, KEPT));

  /** With one segment mapped, and nobody attached. */
  private Volume written(String name, long bytes) {
    Volume volume = cluster.create(name, bytes);
    Opened opened = cluster.open(name, "host-1");
    cluster.await(cluster.mds.metadata().segment(volume.id(), opened.attachment(), 0, true));
    cluster.await(cluster.mds.metadata().close("host-1", opened.attachment()));
    return volume;
  }

  private void delete(Volume volume) {
    cluster.await(cluster.mds.volumes().delete(volume.id(), Optional.empty()));
  }

  private CompletionStage<Volume> undelete(Volume volume, String name) {
    return cluster.mds.volumes().undelete(volume.id(), name);
  }

  private Optional<VolumeUse> find(Volume volume) {
    return cluster.await(cluster.mds.volumes().list()).stream()
        .filter(use -> use.volume().id().equals(volume.id()))
        .findFirst();
  }

  private Optional<Volume.State> state(Volume volume) {
    return find(volume).map(use -> use.volume().state());
  }

  private Duration left(Volume volume) {
    return find(volume).flatMap(VolumeUse::bin).orElseThrow().left();
  }

  private boolean purgedAnywhere(Volume volume) {
    return cluster.chunkservers.copysets.values().stream()
        .anyMatch(copyset -> copyset.purged.containsKey(volume.id()));
  }

  private List<Reason> reasons() {
    return cluster.await(cluster.mds.inspection().status()).reasons();
  }

  @Test
  void aDeletedVolumeIsKeptForItsTimeAndThenDestroyed() {
    Volume volume = written("v", GIB);
    delete(volume);
    assertThat(state(volume)).contains(Volume.State.DELETED);
    assertThat(cluster.refusal(cluster.mds.volumes().info("v")).code())
        .isEqualTo(ErrorCode.NOT_FOUND);
    cluster.run(Duration.ofMinutes(9));
    assertThat(left(volume)).isBetween(Duration.ofSeconds(50), Duration.ofMinutes(1));
    assertThat(find(volume).orElseThrow().volume().mappedBytes()).isEqualTo(GIB);
    assertThat(purgedAnywhere(volume)).isFalse();
    cluster.run(Duration.ofSeconds(61));
    assertThat(find(volume)).isEmpty();
    assertThat(purgedAnywhere(volume)).isTrue();
  }

  @Test
  void aVolumeThatIsHadBackHasAllThatItHad() {
    Volume volume = written("v", 2 * GIB);
    Opened before = cluster.open("v", "host-1");
    SegmentMap map = segment(volume, before);
    assertThat(cluster.refusal(cluster.mds.volumes().delete(volume.id(), Optional.empty())).code())
        .isEqualTo(ErrorCode.IN_USE);
    cluster.await(cluster.mds.metadata().close("host-1", before.attachment()));
    delete(volume);
    cluster.killMdsAndRestart();
    Volume back = cluster.await(undelete(volume, "v"));
    assertThat(back.sizeBytes()).isEqualTo(2 * GIB);
    assertThat(cluster.await(undelete(volume, "v"))).as("given again").isEqualTo(back);
    assertThat(segment(volume, cluster.open("v", "host-2"))).isEqualTo(map);
    cluster.run(KEPT.multipliedBy(2));
    assertThat(state(volume)).contains(Volume.State.ACTIVE);
  }

  private SegmentMap segment(Volume volume, Opened opened) {
    return cluster
        .await(cluster.mds.metadata().segment(volume.id(), opened.attachment(), 0, true))
        .segment()
        .orElseThrow();
  }

  @Test
  void itsNameIsFreeAndAClashIsSolvedByAnotherName() {
    Volume first = written("v", GIB);
    delete(first);
    Volume second = cluster.create("v", GIB);
    KurveException clash = cluster.refusal(undelete(first, "v"));
    assertThat(clash.code()).isEqualTo(ErrorCode.ALREADY_EXISTS);
    assertThat(clash.cure()).contains("--as");
    assertThat(cluster.refusal(undelete(first, "V!")).code()).isEqualTo(ErrorCode.INVALID_ARGUMENT);
    assertThat(cluster.await(undelete(first, "w")).name()).isEqualTo("w");
    assertThat(cluster.await(cluster.mds.volumes().info("w")).volume().id()).isEqualTo(first.id());
    assertThat(cluster.await(cluster.mds.volumes().info("v")).volume().id()).isEqualTo(second.id());
    assertThat(cluster.refusal(undelete(second, "x")).text()).contains("is not deleted");
  }

  @Test
  void whatLiesInTheBinCountsAgainstTheCapacityUntilItIsPurged() {
    Volume volume = written("v", 5 * GIB);
    delete(volume);
    KurveException refusal =
        cluster.refusal(
            cluster.mds.volumes().create("r", new NewVolume("w", 4 * GIB, 4096, false)));
    assertThat(refusal.code()).isEqualTo(ErrorCode.NO_SPACE);
    assertThat(refusal.text()).contains("5 GiB of that are deleted");
    assertThat(refusal.cure()).contains("purge");
    cluster.await(cluster.mds.volumes().purge(volume.id()));
    cluster.create("w", 4 * GIB);
    cluster.run(Duration.ofSeconds(2));
    assertThat(find(volume)).isEmpty();
    cluster.await(cluster.mds.volumes().purge(volume.id()));
    assertThat(cluster.refusal(undelete(volume, "v")).code()).isEqualTo(ErrorCode.NOT_FOUND);
  }

  @Test
  void onlyWhatIsDeletedIsPurged() {
    Volume volume = cluster.create("v", GIB);
    assertThat(cluster.refusal(cluster.mds.volumes().purge(volume.id())).code())
        .isEqualTo(ErrorCode.IN_USE);
  }

  @Test
  void aRetentionOfItsOwnGoesBeforeThePolicyAndZeroIsAtOnce() {
    Volume brief = cluster.create("brief", GIB);
    Volume none = cluster.create("none", GIB);
    cluster.await(cluster.mds.volumes().delete(none.id(), Optional.of(Duration.ZERO)));
    cluster.await(cluster.mds.volumes().delete(brief.id(), Optional.of(Duration.ofSeconds(5))));
    cluster.run(Duration.ofSeconds(4));
    assertThat(find(none)).isEmpty();
    assertThat(state(brief)).contains(Volume.State.DELETED);
    cluster.run(Duration.ofSeconds(2));
    assertThat(find(brief)).isEmpty();
    KurveException refusal =
        cluster.refusal(
            cluster.mds.volumes().delete(brief.id(), Optional.of(Duration.ofDays(9999))));
    assertThat(refusal.code()).isEqualTo(ErrorCode.INVALID_ARGUMENT);
  }

  @Test
  void aPolicyThatIsChangedOutlivesTheMdsAndTakesNothingFromWhatLiesInTheBin() {
    Volume volume = cluster.create("v", GIB);
    delete(volume);
    VolumePolicy wanted = new VolumePolicy(200, Duration.ZERO);
    var both = new PolicyChange(Optional.of(200), Optional.of(Duration.ZERO));
    assertThat(cluster.await(cluster.mds.volumes().changePolicy(both))).isEqualTo(wanted);
    cluster.killMdsAndRestart();
    assertThat(cluster.await(cluster.mds.volumes().policy())).isEqualTo(wanted);
    assertThat(state(volume)).contains(Volume.State.DELETED);
    var mad = new PolicyChange(Optional.of(0), Optional.empty());
    assertThat(cluster.refusal(cluster.mds.volumes().changePolicy(mad)).code())
        .isEqualTo(ErrorCode.INVALID_ARGUMENT);
  }

  @Test
  void rule24WhoseDestructionHasBegunIsNotHadBackAlsoNotFromTheNextLeader() {
    Volume volume = written("v", GIB);
    cluster.chunkservers.copysets.values().forEach(copyset -> copyset.mute = true);
    delete(volume);
    cluster.await(cluster.mds.volumes().purge(volume.id()));
    assertThat(cluster.refusal(undelete(volume, "v")).text()).contains("is being destroyed");
    cluster.killMdsAndRestart();
    assertThat(cluster.refusal(undelete(volume, "v")).code()).isEqualTo(ErrorCode.NOT_FOUND);
    cluster.chunkservers.copysets.values().forEach(copyset -> copyset.mute = false);
    cluster.run(Duration.ofSeconds(15));
    assertThat(find(volume)).isEmpty();
  }

  /** The old leader is stopped between deciding and sending, the new one gives the volume back. */
  @Test
  void rule24ADeposedLeaderDestroysNothingThatTheNextOneHasGivenBack() {
    Volume volume = written("v", GIB);
    delete(volume);
    InMemoryMetaStore.Session old = cluster.session;
    old.cutOff(true);
    CompletionStage<Void> purge = cluster.mds.volumes().purge(volume.id());
    cluster.run(Duration.ofSeconds(6));
    cluster.restartMds();
    cluster.await(undelete(volume, "v"));
    old.cutOff(false);
    cluster.run(Duration.ofSeconds(30));
    assertThat(purge.toCompletableFuture()).isCompletedExceptionally();
    assertThat(state(volume)).contains(Volume.State.ACTIVE);
    assertThat(purgedAnywhere(volume)).isFalse();
  }

  @Test
  void rule26TimeInWhichNobodyLeadsDoesNotCount() {
    Volume volume = written("v", GIB);
    delete(volume);
    for (int i = 0; i < 4; i++) {
      cluster.run(Duration.ofMinutes(1));
      cluster.cutMdsOff();
      cluster.run(Duration.ofMinutes(15));
      cluster.restartMds();
    }
    assertThat(left(volume)).isBetween(Duration.ofMinutes(5), Duration.ofMinutes(8));
    cluster.run(Duration.ofMinutes(8));
    assertThat(find(volume)).isEmpty();
  }

  @Test
  void rule26AWallClockThatJumpsDestroysNothingUntilSomebodySaysThatItIsRight() {
    Volume volume = written("v", GIB);
    delete(volume);
    List<Duration> jumps =
        List.of(
            Duration.ofDays(1), Duration.ofDays(-1), Duration.ofDays(3650), Duration.ofDays(-3650));
    for (Duration jump : jumps) {
      cluster.run(Duration.ofMinutes(1));
      cluster.wallOffset = cluster.wallOffset.plus(jump);
      cluster.run(Duration.ofMinutes(1));
      assertThat(state(volume)).contains(Volume.State.DELETED);
    }
    assertThat(reasons()).extracting(Reason::code).containsExactly("CLOCK_JUMPED");
    assertThat(reasons().getFirst().text()).contains("forth by 1d");
    assertThat(reasons().getFirst().cure()).contains("kurve cluster confirm-clock");
    cluster.run(KEPT);
    cluster.killMdsAndRestart();
    cluster.run(Duration.ofMinutes(2));
    assertThat(state(volume)).as("long after its time").contains(Volume.State.DELETED);
    assertThat(left(volume)).isZero();
    cluster.await(cluster.mds.volumes().confirmClock());
    cluster.run(Duration.ofMinutes(1));
    assertThat(find(volume)).isEmpty();
    assertThat(reasons()).isEmpty();
  }

  @Test
  void rule26ASmallStepOfTheClockChangesNothing() {
    Volume volume = written("v", GIB);
    delete(volume);
    cluster.wallOffset = Duration.ofSeconds(50);
    cluster.run(Duration.ofMinutes(9));
    assertThat(state(volume)).contains(Volume.State.DELETED);
    cluster.run(Duration.ofMinutes(2));
    assertThat(find(volume)).isEmpty();
  }
}
