package io.kurve.mds;

import static io.kurve.mds.TestCluster.GIB;
import static io.kurve.mds.TestCluster.MIB;
import static org.assertj.core.api.Assertions.assertThat;

import io.kurve.core.failure.ErrorCode;
import io.kurve.core.id.AttachmentId;
import io.kurve.core.id.CopysetId;
import io.kurve.core.metadata.ChunkserverReport.Seen;
import io.kurve.core.metadata.ClusterInspection.ClusterStatus;
import io.kurve.core.metadata.ClusterInspection.DiskState;
import io.kurve.core.metadata.ClusterInspection.Health;
import io.kurve.core.metadata.ClusterInspection.Reason;
import io.kurve.core.metadata.MetadataService;
import io.kurve.core.metadata.MetadataService.AccessMode;
import io.kurve.core.metadata.MetadataService.Opened;
import io.kurve.core.metadata.SegmentMap;
import io.kurve.core.metadata.SegmentMapping;
import io.kurve.core.metadata.Volume;
import io.kurve.core.metadata.VolumeAdmin.NewVolume;
import io.kurve.core.metadata.VolumePolicy;
import io.kurve.core.metastore.Entry;
import io.kurve.core.metastore.Outcome;
import io.kurve.core.metastore.Transaction;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class SafetyRulesTest {
  private TestCluster cluster = TestCluster.started(3, 4);

  private CompletionStage<SegmentMapping> lookUp(Volume volume, Opened opened, long index) {
    return cluster.mds.metadata().segment(volume.id(), opened.attachment(), index, true);
  }

  private Set<String> codes() {
    return new TreeSet<>(
        cluster.await(cluster.mds.inspection().status()).reasons().stream()
            .map(Reason::code)
            .toList());
  }

  @Test
  void rule09SpaceIsPromisedInTheAllocationAndNeverTwice() {
    cluster = TestCluster.started(3, 4, new VolumePolicy(200, Duration.ZERO));
    Volume first = cluster.create("first", 4 * GIB);
    Volume second = cluster.create("second", 4 * GIB);
    Opened opened = cluster.open("first", "host-1");
    for (int i = 0; i < 4; i++) {
      cluster.await(lookUp(first, opened, i));
    }
    Opened other = cluster.open("second", "host-1");
    for (int i = 0; i < 3; i++) {
      cluster.await(lookUp(second, other, i));
    }
    // 512 slots on each of three disks, some kept back: seven segments of 64 fit, not eight
    assertThat(cluster.refusal(lookUp(second, other, 3)).code()).isEqualTo(ErrorCode.NO_SPACE);
    assertThat(codes()).contains("CAPACITY_85");
    // What is mapped stays so, and what is full is not for ever.
    assertThat(cluster.await(lookUp(second, other, 2)).segment()).isPresent();
    cluster.await(cluster.mds.metadata().close("host-1", opened.attachment()));
    cluster.await(cluster.mds.volumes().delete(first.id(), Optional.empty()));
    cluster.run(Duration.ofSeconds(2));
    assertThat(cluster.await(lookUp(second, other, 3)).segment()).isPresent();
    assertThat(codes()).isEmpty();
  }

  @Test
  void rule09AGrowingVolumeReachesOnlyRoomThatIsPromised() {
    Volume small = cluster.create("small", 16 * MIB);
    Opened opened = cluster.open("small", "host-1");
    cluster.await(lookUp(small, opened, 0));
    Volume big = cluster.create("big", 7 * GIB);
    Opened holder = cluster.open("big", "host-1");
    for (int i = 0; i < 7; i++) {
      cluster.await(lookUp(big, holder, i));
    }
    assertThat(cluster.refusal(cluster.mds.volumes().resize("small", GIB)).code())
        .isEqualTo(ErrorCode.NO_SPACE);
    assertThat(cluster.await(cluster.mds.volumes().resize("small", 32 * MIB)).sizeBytes())
        .isEqualTo(32 * MIB);
  }

  @Test
  void rule11ACopyOfADiskFromBeforeItsLastStartIsRefusedHoweverOftenItStarts() {
    TestCluster.Disk disk = cluster.disk(1);
    TestCluster.Disk copy = disk.copy();
    cluster.stop(disk);
    cluster.restart(disk);
    cluster.run(Duration.ofSeconds(3));
    assertThat(disk.unconfirmed).isEmpty();
    cluster.stop(disk);
    cluster.run(Duration.ofSeconds(20));

    cluster.await(cluster.register(copy));
    assertThat(copy.unconfirmed.orElseThrow()).contains("start-1").contains("start-2");
    assertThat(codes()).contains("STORE_UNCONFIRMED", "COPYSET_DEGRADED");

    cluster.killMdsAndRestart();
    copy.durable.putAll(disk.durable);
    copy.generation = 50;
    copy.unconfirmed = java.util.Optional.empty();
    cluster.await(cluster.register(copy));
    assertThat(copy.unconfirmed.orElseThrow()).contains("revision");
    cluster.killMdsAndRestart();
    copy.generation = 51;
    copy.seen = disk.seen;
    copy.unconfirmed = java.util.Optional.empty();
    cluster.await(cluster.register(copy));
    assertThat(copy.unconfirmed).isPresent();
  }

  @Test
  void rule11ALateRegistrationOfAnOlderStartLeavesTheStoreAlone() {
    TestCluster.Disk disk = cluster.disk(1);
    TestCluster.Disk before = disk.copy();
    before.port = disk.port;
    cluster.stop(disk);
    cluster.restart(disk);
    cluster.run(Duration.ofSeconds(3));

    cluster.await(cluster.register(before));
    assertThat(before.unconfirmed).isPresent();
    assertThat(codes()).doesNotContain("STORE_UNCONFIRMED");

    cluster.stop(disk);
    cluster.run(Duration.ofSeconds(20));
    before.unconfirmed = java.util.Optional.empty();
    cluster.await(cluster.register(before));
    assertThat(before.unconfirmed).isPresent();
    cluster.restart(disk);
    cluster.run(Duration.ofSeconds(3));
    assertThat(disk.unconfirmed).isEmpty();
    assertThat(codes()).doesNotContain("STORE_UNCONFIRMED");
  }

  @Test
  void rule18OfTwoStartsOfOneStoreInOneGenerationOnlyTheFirstTakesPart() {
    TestCluster.Disk disk = cluster.disk(1);
    cluster.stop(disk);
    TestCluster.Disk copy = disk.copy();
    disk.generation++;
    disk.startId++;
    copy.generation++;
    cluster.await(cluster.register(disk));
    cluster.await(cluster.register(copy));
    assertThat(copy.unconfirmed.orElseThrow()).contains("server-1:9000").contains("server-1:10000");
    assertThat(cluster.refusal(cluster.heartbeat(copy)).code()).isEqualTo(ErrorCode.REFUSED);
    assertThat(codes()).contains("STORE_UNCONFIRMED");

    cluster.killMdsAndRestart();
    copy.unconfirmed = java.util.Optional.empty();
    cluster.await(cluster.register(copy));
    assertThat(copy.unconfirmed).isPresent();
    assertThat(cluster.refusal(cluster.heartbeat(copy)).code()).isEqualTo(ErrorCode.REFUSED);
    cluster.await(cluster.register(disk));
    disk.stopped = false;
    cluster.run(Duration.ofSeconds(3));
    cluster.await(cluster.register(disk));
    assertThat(disk.unconfirmed).isEmpty();
    assertThat(disk.lastError).isEmpty();
    assertThat(codes()).contains("STORE_UNCONFIRMED");

    cluster.run(Duration.ofSeconds(30));
    assertThat(codes()).doesNotContain("STORE_UNCONFIRMED");
  }

  @Test
  void rule18ACopyThatStartsAnewDoesNotSuspendTheStoreThatRuns() {
    TestCluster.Disk disk = cluster.disk(1);
    TestCluster.Disk copy = disk.copy();
    cluster.run(Duration.ofSeconds(10));
    copy.generation = 9;
    cluster.await(cluster.register(copy));
    assertThat(copy.unconfirmed.orElseThrow()).contains("revision").contains("server-1:10000");
    assertThat(codes()).contains("STORE_UNCONFIRMED");

    cluster.run(Duration.ofSeconds(30));
    assertThat(disk.lastError).isEmpty();
    assertThat(codes()).doesNotContain("STORE_UNCONFIRMED");
  }

  @Test
  void rule11AStoreThatLostDurableEntriesIsRefusedAlsoByANewLeader() {
    TestCluster.Disk disk = cluster.disk(2);
    cluster.run(Duration.ofSeconds(20));
    cluster.stop(disk);
    cluster.killMdsAndRestart();
    disk.durable.replaceAll((copyset, index) -> 2L);
    cluster.restart(disk);
    cluster.run(Duration.ofSeconds(3));
    assertThat(disk.unconfirmed.orElseThrow()).contains("durable");
    assertThat(
            cluster.await(cluster.mds.inspection().disks()).stream()
                .filter(d -> d.replica().store().equals(disk.store))
                .map(d -> d.state()))
        .containsExactly(DiskState.UNCONFIRMED);
  }

  @Test
  void rule11AnEmptiedDiskIsAnotherStoreAndFoundsNothing() {
    TestCluster.Disk old = cluster.disk(3);
    cluster.stop(old);
    TestCluster.Disk emptied = cluster.addDisk(33, "server-3");
    cluster.run(Duration.ofSeconds(3));
    assertThat(emptied.id.orElseThrow()).isNotEqualTo(old.id.orElseThrow());
    assertThat(cluster.await(cluster.heartbeat(emptied)).founding()).isEmpty();
  }

  @Test
  void rule19NoMappingIsAnsweredBeforeEachCopysetHasCommittedTheGrant() {
    Volume volume = cluster.create("v", GIB);
    Opened opened = cluster.open("v", "host-1");
    CopysetId slow = cluster.chunkservers.copysets.keySet().iterator().next();
    cluster.chunkservers.copyset(slow).mute = true;
    CompletionStage<SegmentMapping> mapping = lookUp(volume, opened, 0);
    cluster.run(Duration.ofSeconds(3));
    assertThat(mapping.toCompletableFuture()).isNotDone();
    cluster.chunkservers.copyset(slow).mute = false;
    cluster.await(mapping);
    assertThat(cluster.chunkservers.copyset(slow).admits(volume.id(), opened.attachment()))
        .isTrue();
  }

  @Test
  void rule19ACopysetWithoutQuorumHoldsTheFenceUpAndIsNamed() {
    Volume volume = cluster.create("v", GIB);
    Opened old = cluster.open("v", "host-1");
    cluster.await(lookUp(volume, old, 0));
    CopysetId held = cluster.chunkservers.copysets.keySet().iterator().next();
    cluster.chunkservers.copyset(held).mute = true;

    assertThat(cluster.refusal(cluster.mds.volumes().fence(old.attachment())).text())
        .contains(held.toString());
    assertThat(cluster.refusal(lookUp(volume, old, 0)).code()).isEqualTo(ErrorCode.FENCED);
    assertThat(cluster.refusal(lookUp(volume, old, 1)).code()).isNotNull();
    assertThat(codes()).contains("FENCE_HELD_UP");
    assertThat(openRefusal("v").code()).isEqualTo(ErrorCode.ATTACHED_ELSEWHERE);

    cluster.killMdsAndRestart();
    assertThat(openRefusal("v").code()).isEqualTo(ErrorCode.ATTACHED_ELSEWHERE);
    cluster.chunkservers.copyset(held).mute = false;
    cluster.run(Duration.ofSeconds(5));
    Opened fresh = cluster.open("v", "host-2");
    assertThat(fresh.attachment().value()).isGreaterThan(old.attachment().value());
    cluster.await(lookUp(volume, fresh, 0));
    cluster
        .chunkservers
        .copysets
        .values()
        .forEach(copyset -> assertThat(copyset.admits(volume.id(), old.attachment())).isFalse());
  }

  private io.kurve.core.failure.KurveException openRefusal(String name) {
    return cluster.refusal(
        cluster.mds.metadata().open(name, "host-2", "other", AccessMode.EXCLUSIVE));
  }

  @Test
  void rule19AnAllocationThatRacesWithTheFenceIsFencedToo() {
    Volume volume = cluster.create("v", 4 * GIB);
    Opened old = cluster.open("v", "host-1");
    cluster.await(lookUp(volume, old, 0));
    CompletionStage<SegmentMapping> racing = lookUp(volume, old, 1);
    CompletionStage<Void> fence = cluster.mds.volumes().fence(old.attachment());
    cluster.await(fence);
    cluster.until(racing.toCompletableFuture()::isDone);
    assertThat(cluster.refusal(lookUp(volume, old, 2)).code()).isEqualTo(ErrorCode.FENCED);
    cluster
        .chunkservers
        .copysets
        .values()
        .forEach(copyset -> assertThat(copyset.admits(volume.id(), old.attachment())).isFalse());
  }

  @Test
  void rule19NobodyGetsTheVolumeWhileItsHolderMayBelieveThatASegmentIsNotMapped() {
    Volume volume = cluster.create("v", 4 * GIB);
    Opened old = cluster.open("v", "host-1");
    cluster.run(Duration.ofSeconds(5));
    cluster.await(cluster.mds.metadata().segment(volume.id(), old.attachment(), 0, false));
    CompletionStage<Void> fence = cluster.mds.volumes().fence(old.attachment());
    cluster.run(MetadataService.NOT_MAPPED_HOLDS);
    assertThat(openRefusal("v").code()).isEqualTo(ErrorCode.ATTACHED_ELSEWHERE);
    cluster.await(fence);
    Opened next = cluster.open("v", "host-2");

    cluster.await(cluster.mds.metadata().segment(volume.id(), next.attachment(), 0, false));
    long before = cluster.loop.nanoTime();
    cluster.await(cluster.mds.metadata().close("host-2", next.attachment()));
    cluster.await(cluster.mds.volumes().fence(cluster.open("v", "silent").attachment()));
    assertThat(cluster.loop.nanoTime() - before)
        .as("a holder that closes, or asked nothing, holds nobody up")
        .isLessThan(MetadataService.NOT_MAPPED_HOLDS.toNanos());
  }

  @Test
  void rule20AHostGivesUpOnlyWhatIsItsOwn() {
    Volume volume = cluster.create("v", GIB);
    Opened opened = cluster.open("v", "host-1");
    assertThat(cluster.refusal(cluster.mds.metadata().close("host-2", opened.attachment())).code())
        .isEqualTo(ErrorCode.NOT_FOUND);
    cluster.await(lookUp(volume, opened, 0));
    cluster.await(cluster.mds.metadata().close("host-1", opened.attachment()));
    cluster.await(cluster.mds.metadata().close("host-1", opened.attachment()));
  }

  @Test
  void rule20FencingOneOfThreeSharedWritersLeavesTheOthers() {
    Volume volume =
        cluster.await(cluster.mds.volumes().create("r", new NewVolume("shared", GIB, 4096, true)));
    List<Opened> writers =
        List.of("a", "b", "c").stream()
            .map(host ->
                cluster.await(cluster.mds.metadata().open("shared", host, host, AccessMode.SHARED)))
            .toList();
    writers.forEach(writer -> cluster.await(lookUp(volume, writer, 0)));
    cluster.await(cluster.mds.volumes().fence(writers.get(1).attachment()));
    cluster
        .chunkservers
        .copysets
        .values()
        .forEach(copyset -> {
          assertThat(copyset.admits(volume.id(), writers.get(0).attachment())).isTrue();
          assertThat(copyset.admits(volume.id(), writers.get(1).attachment())).isFalse();
          assertThat(copyset.admits(volume.id(), writers.get(2).attachment())).isTrue();
        });
    cluster.await(lookUp(volume, writers.get(0), 0));
    assertThat(
            cluster.await(cluster.mds.metadata().renew("b", List.of(writers.get(1).attachment()))))
        .containsExactly(writers.get(1).attachment());
  }

  @Test
  void rule21ASharedVolumeHasBlocksOf4096() {
    assertThat(
            cluster
                .refusal(cluster.mds.volumes().create("r", new NewVolume("s", GIB, 512, true)))
                .code())
        .isEqualTo(ErrorCode.INVALID_ARGUMENT);
  }

  @ParameterizedTest
  @EnumSource
  void rule23AMetadataStoreThatIsBehindInOneNumberServesNothing(SeenNumber number) {
    List<Entry> backup = cluster.store.contents();
    for (int i = 1; i <= 3; i++) {
      cluster.disk(i).seen = number.raisedIn(cluster.disk(i).seen);
    }
    restore(backup);
    servesNothing();
  }

  /** The only numbers that grow here are those that the cluster itself gave away. */
  @Test
  void rule23ARestoredMetadataStoreServesNothing() {
    long reserved = cluster.disk(1).seen.highestId();
    List<Entry> backup = cluster.store.contents();
    for (int made = 0; cluster.disk(1).seen.highestId() == reserved; made++) {
      assertThat(made).as("volumes made").isLessThan(100_000);
      Volume volume = cluster.create("v" + made, 16 * MIB);
      cluster.await(cluster.mds.volumes().delete(volume.id(), Optional.of(Duration.ZERO)));
      if (made % 100 == 0) {
        cluster.run(Duration.ofSeconds(3));
      }
    }
    restore(backup);
    servesNothing();
  }

  @Test
  void rule23AMetadataStoreThatIsNotBehindServes() {
    restore(cluster.store.contents());
    assertThat(cluster.create("again", GIB).id()).isNotNull();
  }

  private void restore(List<Entry> backup) {
    cluster.session.cutOff(true);
    cluster.mds.close();
    cluster.store.restore(backup);
    cluster.run(Duration.ofSeconds(4));
    cluster.restartMds();
  }

  private void servesNothing() {
    assertThat(
            cluster
                .refusal(
                    cluster.mds.volumes().create("again", new NewVolume("w", GIB, 4096, false)))
                .cure())
        .contains("newest copy");
    ClusterStatus status = cluster.await(cluster.mds.inspection().status());
    assertThat(status.health()).isEqualTo(Health.STALLED);
    assertThat(status.reasons()).extracting(Reason::code).containsExactly("METASTORE_BEHIND");
    assertThat(cluster.disk(1).lastError).contains(ErrorCode.REFUSED);
  }

  /** Each is more than any store of this test can have given away. */
  enum SeenNumber {
    TERM,
    REVISION,
    ID,
    ATTACHMENT;

    private static final long MORE = 1L << 40;

    private Seen raisedIn(Seen seen) {
      return TestCluster.Disk.seen(
          seen.term().value() + (this == TERM ? MORE : 0),
          seen.metastoreRevision() + (this == REVISION ? MORE : 0),
          seen.highestId() + (this == ID ? MORE : 0),
          seen.highestAttachment().value() + (this == ATTACHMENT ? MORE : 0));
    }
  }

  @Test
  void rule23AnAttachmentThatWasNeverGivenIsNotCalledFenced() {
    assertThat(
            cluster
                .refusal(cluster.mds.metadata().renew("h", List.of(new AttachmentId(999_999))))
                .code())
        .isEqualTo(ErrorCode.REFUSED);
    assertThat(cluster.create("still-serving", GIB).id()).isNotNull();
  }

  @Test
  void rule24ADeposedLeaderCommandsNobody() {
    Volume volume = cluster.create("v", GIB);
    Opened opened = cluster.open("v", "host-1");
    Mds old = cluster.mds;
    // The old one is cut off in the middle of a look-up: its grants are still under way.
    CopysetId muted = cluster.chunkservers.copysets.keySet().iterator().next();
    cluster.chunkservers.copyset(muted).mute = true;
    CompletionStage<SegmentMapping> held =
        old.metadata().segment(volume.id(), opened.attachment(), 0, true);
    cluster.run(Duration.ofSeconds(1));
    cluster.session.cutOff(true);
    cluster.run(Duration.ofSeconds(6));
    cluster.restartMds();
    cluster.await(cluster.mds.volumes().fence(opened.attachment()).exceptionally(late -> null));
    cluster.chunkservers.copyset(muted).mute = false;
    cluster.run(Duration.ofSeconds(10));
    assertThat(held.toCompletableFuture()).isCompletedExceptionally();
    cluster
        .chunkservers
        .copysets
        .values()
        .forEach(copyset -> assertThat(copyset.admits(volume.id(), opened.attachment())).isFalse());
  }

  @Test
  void rule25ALeaderPastItsLeaseAnswersNothingNotEvenReads() {
    cluster.create("v", GIB);
    assertThat(cluster.await(cluster.mds.volumes().info("v")).volume().name()).isEqualTo("v");
    cluster.session.cutOff(true);
    cluster.run(Duration.ofMillis(2600));
    assertThat(cluster.refusal(cluster.mds.volumes().info("v")).code())
        .isEqualTo(ErrorCode.NOT_LEADER);
  }

  @Test
  void rule25AnIdIsNeverGivenTwiceOverRestarts() {
    Set<Long> ids = new TreeSet<>();
    Set<Long> attachments = new TreeSet<>();
    for (int round = 0; round < 4; round++) {
      for (int i = 0; i < 3; i++) {
        String name = "v-" + round + "-" + i;
        Volume volume = cluster.create(name, 16 * MIB);
        assertThat(ids.add(volume.id().value())).isTrue();
        Opened opened = cluster.open(name, "host");
        assertThat(attachments.add(opened.attachment().value())).isTrue();
        SegmentMap map = cluster.await(lookUp(volume, opened, 0)).segment().orElseThrow();
        for (int chunk = 0; chunk < 64; chunk++) {
          assertThat(ids.add(map.chunk(chunk).value())).isTrue();
        }
      }
      cluster.killMdsAndRestart();
    }
    cluster
        .disks
        .values()
        .forEach(disk -> assertThat(ids.add(disk.id.orElseThrow().value())).isTrue());
    cluster
        .chunkservers
        .copysets
        .keySet()
        .forEach(copyset -> assertThat(ids.add(copyset.value())).isTrue());
  }

  @Test
  void rule25AnotherLeadersTransactionIsRejectedAndEndsTheTerm() {
    Entry leader = cluster.await(cluster.store.connect().leader("mds")).orElseThrow();
    assertThat(
            cluster.await(
                cluster
                    .store
                    .connect()
                    .commit(
                        new Transaction(List.of(), List.of(new Transaction.Delete(leader.key()))))))
        .isInstanceOf(Outcome.Applied.class);
    assertThat(
            cluster
                .refusal(cluster.mds.volumes().create("r", new NewVolume("v", GIB, 4096, false)))
                .code())
        .isEqualTo(ErrorCode.NOT_LEADER);
    cluster.until(() -> cluster.mds.notReady().isEmpty());
    assertThat(cluster.create("v", GIB).name()).isEqualTo("v");
  }

  @Test
  void rule26ANewLeaderGivesEachLeaseItsFullTimeAgainAndTakesNobodyOver() {
    Volume volume = cluster.create("v", GIB);
    Opened opened = cluster.open("v", "host-1");
    cluster.run(Duration.ofSeconds(9));
    assertThat(stateOf("v")).isEqualTo("OPEN");
    cluster.killMdsAndRestart();
    cluster.run(Duration.ofSeconds(5));
    assertThat(stateOf("v")).isEqualTo("OPEN");
    cluster.run(Duration.ofSeconds(6));
    assertThat(stateOf("v")).isEqualTo("LEASE_EXPIRED");
    cluster.await(lookUp(volume, opened, 0));
    assertThat(openRefusal("v").text()).contains("host-1").contains("since 2026-11-01T");
    assertThat(cluster.await(cluster.mds.metadata().renew("host-1", List.of(opened.attachment()))))
        .isEmpty();
    assertThat(stateOf("v")).isEqualTo("OPEN");
  }

  private String stateOf(String name) {
    return cluster.await(cluster.mds.volumes().info(name)).attachments().getFirst().state().name();
  }

  @Test
  void rule28AnEmptyMetadataStoreIsNoNewCluster() {
    TestCluster empty = new TestCluster();
    empty.mds.start();
    empty.run(Duration.ofSeconds(3));
    assertThat(empty.refusal(empty.mds.volumes().list()).text()).contains("no cluster");
  }
}
