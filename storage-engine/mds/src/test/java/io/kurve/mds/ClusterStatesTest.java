package io.kurve.mds;

import static io.kurve.mds.TestCluster.GIB;
import static org.assertj.core.api.Assertions.assertThat;

import io.kurve.core.failure.ErrorCode;
import io.kurve.core.id.ClusterId;
import io.kurve.core.id.CopysetId;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.id.VolumeId;
import io.kurve.core.metadata.ChunkserverReport.OutOfService;
import io.kurve.core.metadata.ClusterInspection.ClusterStatus;
import io.kurve.core.metadata.ClusterInspection.DiskState;
import io.kurve.core.metadata.ClusterInspection.Health;
import io.kurve.core.metadata.ClusterInspection.Reason;
import io.kurve.core.metadata.MetadataService.AccessMode;
import io.kurve.core.metadata.MetadataService.Opened;
import io.kurve.core.metadata.SegmentMap;
import io.kurve.core.metadata.Volume;
import io.kurve.core.metadata.VolumeAdmin.NewVolume;
import io.kurve.core.metadata.VolumePolicy;
import io.kurve.mds.record.StoredRecord.ClusterRecord;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What the cluster says of itself, and capacity, by virtual time. */
class ClusterStatesTest {
  private final TestCluster cluster = TestCluster.started(3, 16);

  private ClusterStatus status() {
    return cluster.await(cluster.mds.inspection().status());
  }

  private List<String> codes() {
    return status().reasons().stream().map(Reason::code).toList();
  }

  private DiskState state(int disk) {
    return cluster.await(cluster.mds.inspection().disks()).get(disk - 1).state();
  }

  @Test
  void aHealthyClusterSaysSoAndBalancesItsLeaders() {
    assertThat(status().health()).isEqualTo(Health.OK);
    assertThat(status().reasons()).isEmpty();
    assertThat(status().capacityBytes()).isEqualTo((512L - 8) * (16 << 20));
    assertThat(cluster.await(cluster.mds.inspection().copysets())).hasSize(16);
    assertThat(cluster.await(cluster.mds.inspection().disks()))
        .allMatch(disk -> disk.copysets() == 16 && disk.leaders() >= 5);
  }

  @Test
  void aSilentDiskIsUnstableThenOfflineThenOnlineAgain() {
    cluster.stop(cluster.disk(1));
    assertThat(state(1)).isEqualTo(DiskState.ONLINE);
    cluster.run(Duration.ofSeconds(4));
    assertThat(state(1)).isEqualTo(DiskState.UNSTABLE);
    assertThat(codes()).containsExactly("DISK_UNSTABLE", "COPYSET_DEGRADED");
    cluster.run(Duration.ofSeconds(8));
    assertThat(state(1)).isEqualTo(DiskState.OFFLINE);
    assertThat(codes()).containsExactly("DISK_OFFLINE", "COPYSET_DEGRADED");
    assertThat(status().health()).isEqualTo(Health.DEGRADED);
    cluster.restart(cluster.disk(1));
    cluster.run(Duration.ofSeconds(3));
    assertThat(status().health()).isEqualTo(Health.OK);
  }

  @Test
  void twoDisksAwayIsAStallWithOneLineForAllCopysets() {
    cluster.stop(cluster.disk(1));
    cluster.stop(cluster.disk(2));
    cluster.run(Duration.ofSeconds(12));
    assertThat(status().health()).isEqualTo(Health.STALLED);
    assertThat(codes()).containsExactly("COPYSET_NO_QUORUM", "DISK_OFFLINE", "DISK_OFFLINE");
    assertThat(status().reasons().getFirst().text()).contains("16 of 16", "disk-1", "disk-2");
    Volume volume = cluster.create("v", GIB);
    Opened opened = cluster.open("v", "h");
    assertThat(
            cluster
                .refusal(cluster.mds.metadata().segment(volume.id(), opened.attachment(), 0, true))
                .code())
        .isEqualTo(ErrorCode.UNAVAILABLE);
  }

  @Test
  void twoDisksThatMissHeartbeatsAreAStallLongBeforeTheyAreOffline() {
    cluster.stop(cluster.disk(1));
    cluster.stop(cluster.disk(2));
    cluster.run(Duration.ofSeconds(4));
    assertThat(codes()).containsExactly("COPYSET_NO_QUORUM", "DISK_UNSTABLE", "DISK_UNSTABLE");
    assertThat(status().health()).isEqualTo(Health.STALLED);
    assertThat(status().reasons().getFirst().text()).contains("16 of 16", "disk-1", "disk-2");
    cluster.restart(cluster.disk(2));
    cluster.run(Duration.ofSeconds(3));
    assertThat(status().health()).isEqualTo(Health.DEGRADED);
  }

  @Test
  void copysetsWhoseOnlyLeaderMissesHeartbeatsHaveNone() {
    cluster.chunkservers.copysets.values().forEach(copyset -> copyset.mute = true);
    cluster.stop(cluster.disk(1));
    cluster.run(Duration.ofSeconds(4));
    assertThat(codes()).contains("COPYSET_NO_LEADER");
  }

  @Test
  void aDiskThatCanTakeNoChunkIsNamedBeforeAVolumeIsMade() {
    TestCluster small = new TestCluster();
    small.bootstrap(3, 4);
    small.mds.start();
    for (int i = 1; i <= 3; i++) {
      small.addDisk(i, "server-" + i);
    }
    small.disk(2).slots = 2;
    small.until(() -> small.chunkservers.copysets.size() == 4);
    small.run(Duration.ofSeconds(4));
    ClusterStatus status = small.await(small.mds.inspection().status());
    assertThat(status.reasons()).extracting(Reason::code).containsExactly("DISK_TOO_SMALL");
    assertThat(status.reasons().getFirst().text()).contains("disk-2").contains("2 chunks");
    assertThat(status.capacityBytes()).isZero();
    assertThat(
            small.refusal(
                small.mds.volumes().create("r", new NewVolume("v", 16 << 20, 4096, false))))
        .satisfies(refused -> assertThat(refused.code()).isEqualTo(ErrorCode.NO_SPACE));
  }

  @Test
  void allVolumesTogetherMayHaveWhatThePoolHolds() {
    cluster.create("v", 4 * GIB);
    var create =
        cluster.refusal(
            cluster.mds.volumes().create("r", new NewVolume("w", 4 * GIB, 4096, false)));
    assertThat(create.code()).isEqualTo(ErrorCode.NO_SPACE);
    assertThat(create.text()).contains("8 GiB").contains("8064 MiB");
    assertThat(create.cure()).contains("3968MiB");
    cluster.create("w", 3968L << 20);
    var resize = cluster.refusal(cluster.mds.volumes().resize("w", 3984L << 20));
    assertThat(resize.code()).isEqualTo(ErrorCode.NO_SPACE);
    assertThat(resize.text()).contains("8080 MiB").contains("8064 MiB");
    assertThat(resize.cure())
        .isEqualTo("delete volumes, purge deleted ones, or add disks"); // it has 3968 MiB
    cluster.await(cluster.mds.volumes().delete(volume("v").id(), Optional.empty()));
    assertThat(cluster.create("x", 4 * GIB).sizeBytes()).isEqualTo(4 * GIB);
  }

  private Volume volume(String name) {
    return cluster.await(cluster.mds.volumes().info(name)).volume();
  }

  @Test
  void withOvercommitTheyMayHaveSoManyTimesWhatThePoolHolds() {
    TestCluster thin = TestCluster.started(3, 4, new VolumePolicy(150, Duration.ZERO));
    assertThat(
            thin.refusal(thin.mds.volumes().create("r", new NewVolume("v", 8 * GIB, 4096, false)))
                .cure())
        .as("though the policy would allow more")
        .startsWith("ask for at most 8064MiB, ");
    thin.create("v", 7 * GIB);
    thin.create("w", 4 * GIB);
    var refusal =
        thin.refusal(thin.mds.volumes().create("r", new NewVolume("x", GIB, 4096, false)));
    assertThat(refusal.text()).contains("12 GiB", "8064 MiB", "150 %", "12096 MiB");
    thin.killMdsAndRestart();
    var larger =
        thin.refusal(thin.mds.volumes().create("r", new NewVolume("y", 8 * GIB, 4096, false)));
    assertThat(larger.text()).contains("larger than the pool");
    assertThat(larger.cure()).startsWith("ask for at most 832MiB, ");
    thin.create("x", 832L << 20);
    assertThat(
            thin.refusal(thin.mds.volumes().create("s", new NewVolume("y", 16L << 20, 4096, false)))
                .cure())
        .startsWith("delete volumes");
  }

  @Test
  void aVolumeThatThePoolCannotHoldIsRefusedWithBothFigures() {
    cluster.create("v", GIB);
    var create =
        cluster.refusal(
            cluster.mds.volumes().create("r", new NewVolume("w", 8 * GIB, 4096, false)));
    var resize = cluster.refusal(cluster.mds.volumes().resize("v", 8 * GIB));
    for (var refusal : List.of(create, resize)) {
      assertThat(refusal.code()).isEqualTo(ErrorCode.NO_SPACE);
      assertThat(refusal.text()).contains("8 GiB").contains("8064 MiB");
    }
    assertThat(create.cure()).startsWith("ask for at most 7040MiB, delete volumes");
    assertThat(resize.cure()).startsWith("ask for at most 8064MiB, delete volumes");
    assertThat(cluster.await(cluster.mds.volumes().info("v")).volume().sizeBytes()).isEqualTo(GIB);
    assertThat(cluster.await(cluster.mds.volumes().resize("v", 504L << 24)).sizeBytes())
        .isEqualTo(504L << 24);
  }

  @Test
  void itWarnsAtThreeMarksAndNamesFullDisks() {
    Volume volume = cluster.create("v", 504L << 24);
    Opened opened = cluster.open("v", "h");
    List<String> marks = new ArrayList<>();
    for (int segment = 0; segment < 8; segment++) {
      cluster.await(
          cluster.mds.metadata().segment(volume.id(), opened.attachment(), segment, true));
      marks.add(String.join(" ", codes()));
    }
    assertThat(marks)
        .containsExactly(
            "",
            "",
            "",
            "",
            "",
            "CAPACITY_75",
            "CAPACITY_85",
            "DISK_FULL DISK_FULL DISK_FULL CAPACITY_95");
    Reason pool = status().reasons().getLast();
    assertThat(pool.object()).isEqualTo("pool");
    assertThat(pool.text()).contains("100 %", "7.9 GiB of 7.9 GiB");
    assertThat(pool.cure()).contains("delete", "purge", "add disks");
    assertThat(status().reasons().getFirst().text()).contains("disk-1", "512 chunks", "8 that");
  }

  @Test
  void noVolumeIsMadeBeforeThePool() {
    TestCluster young = new TestCluster();
    young.bootstrap(3, 4);
    young.mds.start();
    young.run(Duration.ofSeconds(8));
    assertThat(
            young
                .refusal(young.mds.volumes().create("r", new NewVolume("v", GIB, 4096, false)))
                .code())
        .isEqualTo(ErrorCode.UNAVAILABLE);
  }

  @Test
  void aDiskThatReportsErrorsIsFailed() {
    cluster.disk(2).failure = Optional.of("two failed syncs");
    cluster.run(Duration.ofSeconds(2));
    assertThat(state(2)).isEqualTo(DiskState.FAILED);
    assertThat(codes()).contains("DISK_FAILED");
    assertThat(status().reasons().getFirst().text()).contains("two failed syncs");
    assertThat(status().reasons().getFirst().cure()).contains("replace the disk");
    assertThat(codes())
        .as("its replicas go on")
        .containsExactly("DISK_FAILED", "NO_DISK_TO_MOVE_TO");
  }

  @Test
  void aChunkserverThatEndedBecauseOfItsDiskIsFailedAndNotOnlyAway() {
    cluster.disk(2).failure = Optional.of("a write failed");
    cluster.run(Duration.ofSeconds(2));
    cluster.stop(cluster.disk(2));
    cluster.run(Duration.ofSeconds(12));
    assertThat(codes()).containsExactly("DISK_FAILED", "COPYSET_DEGRADED", "NO_DISK_TO_MOVE_TO");
    cluster.disk(2).failure = Optional.empty();
    cluster.restart(cluster.disk(2));
    cluster.run(Duration.ofSeconds(3));
    assertThat(status().health()).isEqualTo(Health.OK);
  }

  @Test
  void aReplicaThatCannotRunIsNamedAndDoesNotCount() {
    CopysetKey copyset = cluster.chunkservers.copysets.values().iterator().next().key;
    cluster.disk(2).outOfService = List.of(new OutOfService(copyset, "its log is damaged", false));
    cluster.run(Duration.ofSeconds(2));
    assertThat(codes()).containsExactly("REPLICA_FAILED", "COPYSET_DEGRADED");
    assertThat(status().reasons().getFirst().text())
        .contains("its log is damaged", copyset.id().toString(), "disk-2");
    assertThat(status().reasons().getLast().text()).contains("1 of 16");
    cluster.stop(cluster.disk(1));
    cluster.run(Duration.ofSeconds(12));
    assertThat(codes()).contains("COPYSET_NO_QUORUM");
  }

  @Test
  void rule09AReplicaThatHasNoRoomForWhatIsCommittedIsNamedAndDoesNotCount() {
    CopysetKey copyset = cluster.chunkservers.copysets.values().iterator().next().key;
    cluster.disk(2).outOfService = List.of(new OutOfService(copyset, "it is full", true));
    cluster.run(Duration.ofSeconds(2));
    assertThat(codes()).containsExactly("REPLICA_NEEDS_MOVE", "COPYSET_DEGRADED");
    assertThat(status().reasons().getFirst().text()).contains("it is full", "disk-2");
    assertThat(status().reasons().getFirst().cure()).contains("delete volumes");
  }

  @Test
  void copysetsWithoutALeaderAreNamed() {
    cluster.chunkservers.copysets.values().iterator().next().mute = true;
    cluster.run(Duration.ofSeconds(2));
    assertThat(codes()).containsExactly("COPYSET_NO_LEADER");
  }

  @Test
  void aPoolWaitsForItsDisksAndSaysForHowMany() {
    TestCluster young = new TestCluster();
    young.bootstrap(3, 4);
    young.mds.start();
    young.addDisk(1, "server-1");
    young.addDisk(2, "server-1");
    young.addDisk(3, "server-2");
    young.run(Duration.ofSeconds(8));
    ClusterStatus status = young.await(young.mds.inspection().status());
    assertThat(status.health()).isEqualTo(Health.STALLED);
    assertThat(status.reasons()).extracting(Reason::code).containsExactly("POOL_INCOMPLETE");
    assertThat(status.reasons().getFirst().text()).contains("on 2 of at least 3 servers");
    young.addDisk(4, "server-3");
    young.until(() -> young.chunkservers.copysets.size() == 4);
  }

  @Test
  void aFullDiskGetsNoNewChunks() {
    TestCluster uneven = new TestCluster();
    uneven.bootstrap(4, 8);
    uneven.mds.start();
    for (int i = 1; i <= 4; i++) {
      uneven.addDisk(i, "server-" + i);
    }
    uneven.disk(1).slotsUsed = 512;
    uneven.until(() -> uneven.chunkservers.copysets.size() == 8);
    uneven.run(Duration.ofSeconds(4));
    Volume volume = uneven.create("v", GIB);
    Opened opened = uneven.open("v", "h");
    SegmentMap map =
        uneven
            .await(uneven.mds.metadata().segment(volume.id(), opened.attachment(), 0, true))
            .segment()
            .orElseThrow();
    for (CopysetId copyset : new HashSet<>(map.copysets())) {
      assertThat(uneven.chunkservers.copyset(copyset).membership.voters())
          .noneMatch(member -> member.chunkserver().equals(uneven.disk(1).id.orElseThrow()));
    }
  }

  @Test
  void aDeleteThatIsGivenAgainTouchesNoNamesake() {
    VolumeId first = cluster.create("v", GIB).id();
    cluster.await(cluster.mds.volumes().delete(first, Optional.empty()));
    VolumeId namesake = cluster.create("v", GIB).id();
    for (int again = 0; again < 3; again++) {
      cluster.await(cluster.mds.volumes().delete(first, Optional.empty()));
      cluster.run(Duration.ofSeconds(1));
    }
    assertThat(cluster.await(cluster.mds.volumes().list()))
        .extracting(use -> use.volume().id())
        .containsExactly(namesake);
    assertThat(cluster.await(cluster.mds.volumes().info("v")).volume().state())
        .isEqualTo(Volume.State.ACTIVE);
  }

  @Test
  void volumesAreRefusedForWhatTheyCantBe() {
    assertThat(refused(new NewVolume("v", 0, 4096, false))).contains("have 0 B");
    assertThat(refused(new NewVolume("v", -1, 4096, false))).contains("have -1 B");
    assertThat(refused(new NewVolume("v", GIB + 1, 4096, false))).contains("1073741825");
    assertThat(refused(new NewVolume("v", GIB, 1024, false))).contains("1024");
    assertThat(refused(new NewVolume("V!", GIB, 4096, false))).contains("V!");
    assertThat(refused(new NewVolume("x".repeat(500), GIB, 4096, false))).hasSizeLessThan(200);
    cluster.create("v", GIB);
    assertThat(
            cluster
                .refusal(
                    cluster.mds.volumes().create("other", new NewVolume("v", GIB, 4096, false)))
                .code())
        .isEqualTo(ErrorCode.ALREADY_EXISTS);
    assertThat(cluster.refusal(cluster.mds.volumes().resize("v", GIB / 2)).text())
        .contains("1 GiB", "512 MiB");
    assertThat(cluster.refusal(cluster.mds.volumes().info("w")).code())
        .isEqualTo(ErrorCode.NOT_FOUND);
    assertThat(
            cluster
                .refusal(cluster.mds.volumes().delete(new VolumeId(1L << 40), Optional.empty()))
                .code())
        .isEqualTo(ErrorCode.NOT_FOUND);
    assertThat(
            cluster.refusal(cluster.mds.metadata().open("v", "h", "r", AccessMode.SHARED)).code())
        .isEqualTo(ErrorCode.INVALID_ARGUMENT);
    Opened opened = cluster.open("v", "h");
    assertThat(
            cluster
                .refusal(
                    cluster
                        .mds
                        .metadata()
                        .segment(opened.volume().id(), opened.attachment(), 1, true))
                .code())
        .isEqualTo(ErrorCode.INVALID_ARGUMENT);
    assertThat(
            cluster
                .refusal(cluster.mds.volumes().delete(opened.volume().id(), Optional.empty()))
                .text())
        .contains("host h has it since 2026-11-01T");
    assertThat(cluster.await(cluster.mds.metadata().volume(opened.volume().id())).name())
        .isEqualTo("v");
    assertThat(cluster.await(cluster.mds.metadata().placements(List.of()))).isEmpty();
  }

  private String refused(NewVolume volume) {
    var refusal = cluster.refusal(cluster.mds.volumes().create("r", volume));
    assertThat(refusal.code()).isEqualTo(ErrorCode.INVALID_ARGUMENT);
    return refusal.text();
  }

  @Test
  void rule28AClusterIsBornOnceAndAnotherIsRefused() {
    cluster.bootstrap(3, 16);
    ClusterRecord other =
        new ClusterRecord(
            ClusterId.parse("00000000-0000-0000-0000-00000000ffff"), 3, 3, 16, TestCluster.BIRTH);
    assertThat(
            cluster.refusal(ClusterBirth.bootstrap(cluster.session, other, cluster.policy)).code())
        .isEqualTo(ErrorCode.REFUSED);
  }
}
