package io.kurve.mds;

import static io.kurve.mds.TestCluster.GIB;
import static org.assertj.core.api.Assertions.assertThat;

import io.kurve.core.failure.ErrorCode;
import io.kurve.core.id.ChunkserverId;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.metadata.ChunkserverReport;
import io.kurve.core.metadata.ClusterInspection.DiskInfo;
import io.kurve.core.metadata.ClusterInspection.Reason;
import io.kurve.core.metadata.CopysetPlacement;
import io.kurve.core.metadata.MetadataService.AccessMode;
import io.kurve.mds.record.Keys;
import io.kurve.mds.record.RecordCodec;
import io.kurve.mds.record.StoredRecord;
import io.kurve.mds.record.StoredRecord.CopysetRecord;
import io.kurve.mds.record.StoredRecord.DurableRecord;
import io.kurve.mds.record.StoredRecord.MoveRecord;
import io.kurve.mds.record.StoredRecord.MoveStep;
import io.kurve.mds.record.StoredRecord.RetiredRecord;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Replicas of dead disks are rebuilt elsewhere, by virtual time. */
class MovesTest {
  private static final Duration GRACE = Duration.ofMinutes(10);

  private final TestCluster cluster = TestCluster.started(4, 8);

  private <T extends StoredRecord> List<T> records(Class<T> kind) {
    return cluster.store.contents().stream()
        .filter(entry -> entry.key().startsWith(Keys.ALL) && !entry.key().equals(Keys.GATE))
        .map(entry -> RecordCodec.decode(entry.key(), entry.value()))
        .flatMap(record -> kind.isInstance(record) ? Stream.of(kind.cast(record)) : Stream.of())
        .toList();
  }

  private boolean isMember(ChunkserverId disk) {
    return records(CopysetRecord.class).stream()
        .flatMap(copyset ->
            Stream.concat(
                copyset.membership().voters().stream(), copyset.membership().learners().stream()))
        .map(ReplicaId::chunkserver)
        .anyMatch(disk::equals);
  }

  private List<String> codes() {
    return codes(cluster);
  }

  private static List<String> codes(TestCluster cluster) {
    return cluster.await(cluster.mds.inspection().status()).reasons().stream()
        .map(Reason::code)
        .toList();
  }

  private ChunkserverId kill(int disk) {
    ChunkserverId id = cluster.disk(disk).id.orElseThrow();
    cluster.stop(cluster.disk(disk));
    return id;
  }

  @Test
  void aDiskThatIsGonePastItsGracePeriodIsRebuiltOnOthers() {
    ChunkserverId dead = kill(1);
    cluster.run(GRACE.minusSeconds(20));
    assertThat(isMember(dead)).isTrue();
    assertThat(records(MoveRecord.class)).isEmpty();
    cluster.until(() -> !isMember(dead));
    cluster.until(() -> records(MoveRecord.class).isEmpty());
    for (CopysetPlacement copyset : cluster.await(cluster.mds.inspection().copysets())) {
      assertThat(copyset.members()).hasSize(3);
      assertThat(copyset.members().stream().map(m -> m.dataAddress().host()).distinct()).hasSize(3);
    }
    assertThat(cluster.chunkservers.copysets.values())
        .allMatch(copyset ->
            copyset.membership.voters().size() == 3
                && copyset.membership.learners().isEmpty()
                && copyset.replicas.containsAll(copyset.membership.voters()));
    cluster.run(Duration.ofSeconds(2));
    assertThat(codes()).doesNotContain("COPYSET_DEGRADED", "REPLICAS_MOVING");
  }

  @Test
  void aDiskThatIsBackInTimeKeepsItsReplicas() {
    ChunkserverId dead = kill(1);
    cluster.run(GRACE.minusSeconds(20));
    cluster.restart(cluster.disk(1));
    cluster.run(GRACE);
    assertThat(isMember(dead)).isTrue();
    assertThat(records(RetiredRecord.class)).isEmpty();
    assertThat(codes()).isEmpty();
  }

  @Test
  void movesGoOnAfterAFailOverOfTheMdsAtAnyMoment() {
    ChunkserverId dead = kill(1);
    cluster.run(GRACE.plusSeconds(2));
    for (int i = 0; isMember(dead) && i < 40; i++) {
      cluster.until(() -> !records(MoveRecord.class).isEmpty() || !isMember(dead));
      cluster.run(Duration.ofMillis(3300L + 370L * (i % 5)));
      cluster.killMdsAndRestart();
      // A new leader gives each disk its full time again.
      if (records(MoveRecord.class).isEmpty()) {
        cluster.run(GRACE);
      }
    }
    assertThat(isMember(dead)).isFalse();
    cluster.until(() -> records(MoveRecord.class).isEmpty());
    assertThat(cluster.chunkservers.copysets.values())
        .allMatch(copyset -> copyset.membership.learners().isEmpty());
  }

  @Test
  void rule23AReplicaIsRemovedByItsTombstoneWhenItsDiskReturns() {
    ChunkserverId dead = kill(1);
    cluster.run(GRACE);
    cluster.until(() -> !isMember(dead));
    int retired = records(RetiredRecord.class).size();
    assertThat(retired).isPositive();
    assertThat(cluster.chunkservers.log).noneMatch(line -> line.startsWith("purge replica"));
    cluster.restart(cluster.disk(1));
    cluster.until(() -> records(RetiredRecord.class).isEmpty());
    assertThat(cluster.chunkservers.log.stream().filter(line -> line.startsWith("purge replica")))
        .hasSize(retired);
    assertThat(cluster.disk(1).unconfirmed).isEmpty();
    // It may register again with less than it had reported of copysets that it has left.
    cluster.disk(1).durable.clear();
    cluster.run(Duration.ofSeconds(10));
    cluster.restart(cluster.disk(1));
    cluster.run(Duration.ofSeconds(5));
    assertThat(cluster.disk(1).unconfirmed).isEmpty();
    assertThat(records(DurableRecord.class))
        .filteredOn(record -> record.chunkserver().equals(dead))
        .allMatch(record -> record.durableIndexes().isEmpty());
  }

  @Test
  void rule11WhatARemovedReplicaHadIsNotAskedOfTheOneThatIsMadeAnew() {
    ChunkserverId returned = kill(1);
    cluster.run(GRACE);
    cluster.until(() -> !isMember(returned));
    cluster.until(() -> records(MoveRecord.class).isEmpty());
    cluster.restart(cluster.disk(1));
    cluster.disk(1).durable.replaceAll((_, index) -> index + 1_000_000);
    ChunkserverReport late = cluster.report(cluster.disk(1));
    cluster.until(() -> records(RetiredRecord.class).isEmpty());
    cluster.disk(1).durable.clear();
    cluster.run(Duration.ofSeconds(10));

    kill(2);
    cluster.run(GRACE);
    cluster.until(() ->
        records(MoveRecord.class).stream()
            .anyMatch(move ->
                move.joining().chunkserver().equals(returned)
                    && late.copysets().stream()
                        .anyMatch(copyset -> copyset.copyset().id().equals(move.copyset()))));
    cluster.await(cluster.mds.registry().heartbeat(late));
    cluster.until(() -> isVoter(returned));
    cluster.restart(cluster.disk(1));
    cluster.run(Duration.ofSeconds(5));
    assertThat(cluster.disk(1).unconfirmed).isEmpty();
    assertThat(records(DurableRecord.class))
        .filteredOn(record -> record.chunkserver().equals(returned))
        .allMatch(record ->
            !record.durableIndexes().isEmpty()
                && record.durableIndexes().values().stream().allMatch(index -> index < 1_000_000));
  }

  private boolean isVoter(ChunkserverId disk) {
    return records(CopysetRecord.class).stream()
        .flatMap(copyset -> copyset.membership().voters().stream())
        .map(ReplicaId::chunkserver)
        .anyMatch(disk::equals);
  }

  @Test
  void rule09SpaceOnTheNewDiskIsPromisedWhenTheMoveBegins() {
    cluster.create("demo", 2 * GIB);
    var opened =
        cluster.await(cluster.mds.metadata().open("demo", "host", "r", AccessMode.EXCLUSIVE));
    for (long segment = 0; segment < 2; segment++) {
      var unused =
          cluster.await(
              cluster
                  .mds
                  .metadata()
                  .segment(opened.volume().id(), opened.attachment(), segment, true));
    }
    ChunkserverId dead = kill(1);
    // Every other disk but one is full: nothing fits there.
    cluster.disk(2).slotsUsed = 512;
    cluster.disk(3).slotsUsed = 512;
    cluster.disk(4).slotsUsed = 512;
    cluster.run(GRACE.plusSeconds(5));
    assertThat(records(MoveRecord.class)).isEmpty();
    assertThat(isMember(dead)).isTrue();
    assertThat(codes()).contains("NO_DISK_TO_MOVE_TO");
    cluster.disk(2).slotsUsed = 0;
    cluster.disk(3).slotsUsed = 0;
    cluster.disk(4).slotsUsed = 0;
    cluster.until(() -> !records(MoveRecord.class).isEmpty());
    MoveRecord move = records(MoveRecord.class).getFirst();
    assertThat(records(CopysetRecord.class))
        .filteredOn(copyset -> copyset.copyset().id().equals(move.copyset()))
        .allMatch(copyset -> copyset.membership().learners().equals(List.of(move.joining())));
    cluster.until(() -> !isMember(dead));
  }

  @Test
  void rule15NoMemberIsReplacedWhileTheOthersAreNoMajority() {
    kill(1);
    ChunkserverId second = kill(2);
    cluster.run(GRACE.plusSeconds(30));
    assertThat(isMember(second)).isTrue();
    assertThat(codes()).contains("COPYSET_NO_QUORUM");
    assertThat(records(CopysetRecord.class))
        .filteredOn(copyset ->
            copyset.membership().voters().stream().filter(voter -> diskOf(voter).stopped).count()
                > 1)
        .isNotEmpty()
        .allMatch(copyset -> copyset.epoch() == 0 && copyset.membership().learners().isEmpty());
    cluster.restart(cluster.disk(2));
    cluster.run(Duration.ofSeconds(5));
    assertThat(codes()).doesNotContain("COPYSET_NO_QUORUM");
  }

  @Test
  void withThreeServersTheStatusSaysThatThereIsNoDiskToGoTo() {
    TestCluster three = TestCluster.started(3, 8);
    three.stop(three.disk(1));
    three.run(GRACE.minusSeconds(10));
    assertThat(codes(three)).doesNotContain("NO_DISK_TO_MOVE_TO").contains("DISK_OFFLINE");
    three.run(Duration.ofSeconds(15));
    assertThat(three.await(three.mds.inspection().status()).reasons())
        .filteredOn(reason -> reason.code().equals("NO_DISK_TO_MOVE_TO"))
        .singleElement()
        .matches(reason ->
            reason.text().contains("8 of 8 copysets can't be rebuilt: no other disk that works"));
    assertThat(codes(three)).doesNotContain("REPLICAS_MOVING");
    three.addDisk(4, "server-4");
    three.run(Duration.ofSeconds(8));
    assertThat(codes(three)).contains("REPLICAS_MOVING").doesNotContain("NO_DISK_TO_MOVE_TO");
    three.until(() -> codes(three).equals(List.of("DISK_OFFLINE")));
  }

  @Test
  void aFailedDiskIsLeftAtOnceAndServesMeanwhile() {
    ChunkserverId failed = cluster.disk(1).id.orElseThrow();
    cluster.disk(1).failure = Optional.of("two failed syncs");
    cluster.run(Duration.ofSeconds(8));
    List<Reason> reasons = cluster.await(cluster.mds.inspection().status()).reasons();
    assertThat(reasons)
        .filteredOn(reason -> reason.code().equals("REPLICAS_MOVING"))
        .singleElement()
        .matches(reason -> reason.text().contains("are to be rebuilt on other disks"));
    assertThat(reasons).extracting(Reason::code).doesNotContain("COPYSET_DEGRADED");
    cluster.until(() -> !isMember(failed));
    cluster.until(() -> records(RetiredRecord.class).isEmpty());
    assertThat(codes()).containsExactly("DISK_FAILED");
  }

  @Test
  void ofTwoThatHaveToGoTheDeadOneGoesFirst() {
    ChunkserverId dead = kill(4);
    cluster.run(GRACE.minusSeconds(20));
    for (int failed = 1; failed <= 3; failed++) {
      cluster.disk(failed).failure = Optional.of("two failed syncs");
    }
    cluster.addDisk(5, "server-5");
    cluster.until(() -> !isMember(dead));
  }

  private void drain(TestCluster where, ChunkserverId disk, boolean drains) {
    where.await(where.mds.volumes().drain(disk, drains));
  }

  private DiskInfo info(ChunkserverId disk) {
    return cluster.await(cluster.mds.inspection().disks()).stream()
        .filter(found -> found.replica().chunkserver().equals(disk))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void aDrainedDiskIsEmptiedWhileItServesAlsoByTheNextLeaderOfTheMds() {
    ChunkserverId disk = cluster.disk(1).id.orElseThrow();
    drain(cluster, disk, true);
    drain(cluster, disk, true);
    cluster.until(() -> !records(MoveRecord.class).isEmpty());
    assertThat(codes()).contains("REPLICAS_MOVING").doesNotContain("COPYSET_DEGRADED");
    assertThat(info(disk).draining()).isTrue();
    cluster.killMdsAndRestart();
    cluster.until(() -> !isMember(disk));
    cluster.until(() -> records(RetiredRecord.class).isEmpty());
    cluster.run(Duration.ofSeconds(3));
    assertThat(codes()).isEmpty();
    assertThat(info(disk).draining()).isTrue();
    assertThat(info(disk).copysets()).isZero();

    kill(2);
    cluster.run(GRACE.plusSeconds(30));
    assertThat(isMember(disk)).as("nothing comes").isFalse();
    assertThat(codes()).contains("NO_DISK_TO_MOVE_TO");
    drain(cluster, disk, false);
    cluster.until(() -> isMember(disk));
    assertThat(info(disk).draining()).isFalse();
  }

  @Test
  void aDiskThatIsDrainedNoMoreKeepsWhatHasNotMoved() {
    ChunkserverId disk = cluster.disk(1).id.orElseThrow();
    drain(cluster, disk, true);
    cluster.until(() -> !records(MoveRecord.class).isEmpty());
    drain(cluster, disk, false);
    cluster.until(() -> records(MoveRecord.class).isEmpty());
    cluster.run(Duration.ofMinutes(1));
    assertThat(isMember(disk)).isTrue();
    assertThat(records(MoveRecord.class)).isEmpty();
    assertThat(codes()).isEmpty();
  }

  @Test
  void aMoveToADiskThatIsDrainedIsTakenBack() {
    kill(1);
    cluster.run(GRACE);
    MoveRecord move = moveAt(MoveStep.CREATE);
    drain(cluster, move.joining().chunkserver(), true);
    cluster.until(() ->
        records(MoveRecord.class).stream()
            .noneMatch(found -> found.joining().equals(move.joining())));
    cluster.run(Duration.ofMinutes(1));
    assertThat(records(CopysetRecord.class))
        .filteredOn(copyset -> copyset.copyset().id().equals(move.copyset()))
        .noneMatch(copyset -> copyset.hasMember(move.joining()));
    assertThat(codes()).contains("NO_DISK_TO_MOVE_TO");
  }

  @Test
  void withThreeServersADrainSaysThatThereIsNoDiskToGoTo() {
    TestCluster three = TestCluster.started(3, 8);
    drain(three, three.disk(1).id.orElseThrow(), true);
    three.run(Duration.ofSeconds(5));
    assertThat(codes(three)).containsExactly("NO_DISK_TO_MOVE_TO");
    assertThat(three.refusal(three.mds.volumes().drain(new ChunkserverId(4711), true)).code())
        .isEqualTo(ErrorCode.NOT_FOUND);
  }

  private MoveRecord moveAt(MoveStep step) {
    cluster.until(
        () -> records(MoveRecord.class).stream().anyMatch(move -> move.step().equals(step)));
    return records(MoveRecord.class).stream()
        .filter(move -> move.step().equals(step))
        .findFirst()
        .orElseThrow();
  }

  private TestCluster.Disk diskOf(ReplicaId replica) {
    return Stream.iterate(1, n -> n + 1)
        .map(cluster::disk)
        .filter(disk -> disk.id.equals(Optional.of(replica.chunkserver())))
        .findFirst()
        .orElseThrow();
  }

  private void assertRecordsAreWhatHolds() {
    for (CopysetRecord copyset : records(CopysetRecord.class)) {
      FakeChunkservers.FakeCopyset found = cluster.chunkservers.copyset(copyset.copyset().id());
      assertThat(copyset.membership()).isEqualTo(found.membership);
      assertThat(found.replicas).containsAll(found.membership.voters());
    }
  }

  @Test
  void rule15WhoLostItsPlaceWhenALeaderDiedBecomesALearnerAgain() {
    ChunkserverId dead = kill(1);
    cluster.chunkservers.cutOffChanges = 3;
    cluster.run(GRACE);
    cluster.until(() -> !isMember(dead) && records(MoveRecord.class).isEmpty());
    assertThat(cluster.chunkservers.log.stream().filter(line -> line.startsWith("cut off")))
        .hasSize(3);
    assertRecordsAreWhatHolds();
  }

  /** The MDS alone does not hear the new disk, and of the joint change only once it is too late. */
  @Test
  void rule15AMoveWhoseJointChangeMayHaveHappenedIsNotTakenBackByHearsay() {
    kill(1);
    cluster.chunkservers.cutOffChanges = Integer.MAX_VALUE;
    cluster.run(GRACE);
    MoveRecord move = moveAt(MoveStep.SWAP);
    diskOf(move.joining()).stopped = true;
    cluster.run(GRACE.minusMillis(2500));
    cluster.chunkservers.cutOffChanges = 0;
    cluster.chunkservers.unheard = move.copyset()::equals;
    FakeChunkservers.FakeCopyset copyset = cluster.chunkservers.copyset(move.copyset());
    List<TestCluster.Disk> others =
        copyset.membership.voters().stream()
            .map(this::diskOf)
            .filter(disk -> !disk.stopped)
            .toList();
    cluster.until(() -> copyset.membership.learners().contains(move.joining()));
    others.forEach(disk -> disk.stopped = true);
    cluster.until(() -> copyset.membership.voters().contains(move.joining()));
    cluster.until(() -> records(MoveRecord.class).contains(move.at(MoveStep.BACK)));
    cluster.run(Duration.ofMillis(1500));
    cluster.chunkservers.unheard = _ -> false;
    others.forEach(disk -> disk.stopped = false);
    diskOf(move.joining()).stopped = false;
    cluster.until(() -> records(MoveRecord.class).isEmpty());
    cluster.run(GRACE);
    assertRecordsAreWhatHolds();
    assertThat(cluster.chunkservers.log)
        .doesNotContain("purge replica " + move.copyset() + " " + move.joining().chunkserver());
  }

  @Test
  void aMoveToADiskThatDiesTooIsTakenBackAndPlannedAnew() {
    TestCluster five = TestCluster.started(5, 5);
    ChunkserverId dead = five.disk(1).id.orElseThrow();
    five.stop(five.disk(1));
    five.run(GRACE);
    five.until(() -> five.store.contents().stream().anyMatch(e -> e.key().contains("/move/")));
    MoveRecord move =
        five.store.contents().stream()
            .filter(entry -> entry.key().contains("/move/"))
            .map(entry -> (MoveRecord) RecordCodec.decode(entry.key(), entry.value()))
            .findFirst()
            .orElseThrow();
    for (int i = 2; i <= 5; i++) {
      if (five.disk(i).id.orElseThrow().equals(move.joining().chunkserver())) {
        five.stop(five.disk(i));
      }
    }
    five.run(GRACE.plusSeconds(30));
    five.until(() ->
        five.store.contents().stream()
            .filter(entry -> entry.key().contains("/copyset/"))
            .map(entry -> (CopysetRecord) RecordCodec.decode(entry.key(), entry.value()))
            .filter(copyset -> copyset.copyset().id().equals(move.copyset()))
            .noneMatch(copyset ->
                copyset.membership().voters().stream()
                    .map(ReplicaId::chunkserver)
                    .anyMatch(dead::equals)));
  }
}
