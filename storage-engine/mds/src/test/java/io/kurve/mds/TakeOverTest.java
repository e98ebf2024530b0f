package io.kurve.mds;

import static io.kurve.mds.TestCluster.GIB;
import static org.assertj.core.api.Assertions.assertThat;

import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.AttachmentId;
import io.kurve.core.id.CopysetId;
import io.kurve.core.metadata.Attachment;
import io.kurve.core.metadata.MetadataService;
import io.kurve.core.metadata.MetadataService.AccessMode;
import io.kurve.core.metadata.MetadataService.Opened;
import io.kurve.core.metadata.TakeOver;
import io.kurve.core.metadata.Volume;
import io.kurve.core.metadata.VolumeAdmin.NewVolume;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Future;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** From the first holder of a volume to the next, without the first one's help. */
class TakeOverTest {
  private static final Duration LEASE = Duration.ofSeconds(10);

  private final TestCluster cluster = TestCluster.started(3, 4);
  private final Volume volume = cluster.create("v", 4 * GIB);
  private final Opened first = cluster.open("v", "host-1");

  @BeforeEach
  void use() {
    map(first, 0);
  }

  private void map(Opened opened, long index) {
    cluster.await(cluster.mds.metadata().segment(volume.id(), opened.attachment(), index, true));
  }

  private CompletionStage<Opened> open(String host, String requestId, TakeOver takeOver) {
    return cluster.mds.metadata().open("v", host, requestId, AccessMode.EXCLUSIVE, takeOver);
  }

  private static TakeOver from(Opened... losers) {
    return TakeOver.from(List.of(losers).stream().map(Opened::attachment).toList());
  }

  private List<Attachment> holders() {
    return cluster.await(cluster.mds.volumes().info("v")).attachments();
  }

  private CopysetId mute() {
    CopysetId held = cluster.chunkservers.copysets.keySet().iterator().next();
    cluster.chunkservers.copyset(held).mute = true;
    return held;
  }

  private void unmute() {
    cluster.chunkservers.copysets.values().forEach(copyset -> copyset.mute = false);
  }

  private void nobodyAdmits(AttachmentId attachment) {
    cluster
        .chunkservers
        .copysets
        .values()
        .forEach(copyset -> assertThat(copyset.admits(volume.id(), attachment)).isFalse());
  }

  @Test
  void rule19ATakeOverIsDoneWhenEveryCopysetHasCommittedIt() {
    CopysetId held = mute();
    TakeOver takeOver = from(first);
    KurveException waiting = cluster.refusal(open("host-2", "r2", takeOver));
    assertThat(waiting.code()).isEqualTo(ErrorCode.UNAVAILABLE);
    assertThat(waiting.text()).contains(held.toString());
    assertThat(
            cluster
                .refusal(cluster.mds.metadata().segment(volume.id(), first.attachment(), 1, true))
                .code())
        .isEqualTo(ErrorCode.FENCED);
    assertThat(cluster.chunkservers.copyset(held).admits(volume.id(), first.attachment())).isTrue();
    assertThat(cluster.refusal(open("host-2", "r2", takeOver)).code())
        .isEqualTo(ErrorCode.UNAVAILABLE);
    AttachmentId next = holders().getLast().id();

    unmute();
    Opened second = cluster.await(open("host-2", "r2", takeOver));
    assertThat(second.attachment()).isEqualTo(next);
    nobodyAdmits(first.attachment());
    assertThat(holders()).extracting(Attachment::id).containsExactly(next);
    map(second, 0);
    map(second, 1);
    assertThat(cluster.await(open("host-2", "r2", takeOver)).attachment()).isEqualTo(next);
  }

  @Test
  void rule19AnMdsThatDiesInTheMiddleOfATakeOverIsCarriedOnByTheNext() {
    mute();
    CompletionStage<Opened> asked = open("host-2", "r2", from(first));
    cluster.until(() -> holders().size() == 2);
    cluster.killMdsAndRestart();
    assertThat(asked.toCompletableFuture().state()).isNotEqualTo(Future.State.SUCCESS);
    assertThat(holders())
        .extracting(Attachment::state)
        .containsExactly(Attachment.State.FENCING, Attachment.State.OPEN);
    assertThat(cluster.refusal(open("host-2", "r2", from(first))).code())
        .isEqualTo(ErrorCode.UNAVAILABLE);

    unmute();
    cluster.until(() -> holders().size() == 1);
    nobodyAdmits(first.attachment());
    AttachmentId next = holders().getFirst().id();
    assertThat(cluster.await(open("host-2", "r2", from(first))).attachment()).isEqualTo(next);
  }

  @Test
  void rule19AHolderThatRenewsItsLeaseKeepsTheVolumeAndIsNamed() {
    for (int i = 0; i < 12; i++) {
      cluster.run(Duration.ofSeconds(3));
      assertThat(cluster.await(cluster.mds.metadata().renew("host-1", List.of(first.attachment()))))
          .isEmpty();
    }
    KurveException refused = cluster.refusal(open("host-2", "r2", TakeOver.FROM_THE_SILENT));
    assertThat(refused.code()).isEqualTo(ErrorCode.ATTACHED_ELSEWHERE);
    assertThat(refused.text()).contains("host-1").contains("since 2026-11-01T");
    assertThat(refused.cure()).contains("--take-over").contains("10 s");
    assertThat(holders()).extracting(Attachment::state).containsExactly(Attachment.State.OPEN);
  }

  @Test
  void rule19And26ASilentHolderLosesTheVolumeToWhoAsksAfterItsLeaseAndAfterAFullOneAnew() {
    cluster.run(LEASE.minusSeconds(1));
    cluster.killMdsAndRestart();
    cluster.run(LEASE.minusSeconds(2));
    assertThat(cluster.refusal(open("host-2", "r2", TakeOver.FROM_THE_SILENT)).code())
        .isEqualTo(ErrorCode.ATTACHED_ELSEWHERE);
    cluster.run(Duration.ofSeconds(20));
    assertThat(holders()).hasSize(1); // nobody is taken over by a clock alone
    assertThat(cluster.refusal(open("host-2", "r2", TakeOver.FROM_NOBODY)).code())
        .isEqualTo(ErrorCode.ATTACHED_ELSEWHERE);
    long before = cluster.loop.nanoTime();
    Opened second = cluster.await(open("host-2", "r2", TakeOver.FROM_THE_SILENT));
    assertThat(cluster.loop.nanoTime() - before).isLessThan(Duration.ofSeconds(1).toNanos());
    nobodyAdmits(first.attachment());
    assertThat(cluster.await(cluster.mds.metadata().renew("host-1", List.of(first.attachment()))))
        .containsExactly(first.attachment());
    assertThat(holders()).extracting(Attachment::id).containsExactly(second.attachment());
  }

  @Test
  void rule19ATakeOverWaitsUntilItsLoserDoesNotBelieveThatASegmentIsNotMapped() {
    cluster.await(cluster.mds.metadata().segment(volume.id(), first.attachment(), 3, false));
    CompletionStage<Opened> asked = open("host-2", "r2", from(first));
    cluster.run(MetadataService.NOT_MAPPED_HOLDS);
    assertThat(asked.toCompletableFuture()).isNotDone();
    cluster.await(asked);
  }

  @Test
  void rule19OfTwoWhoTakeAVolumeOverOneHasItAndTheOtherIsRefused() {
    mute();
    CompletionStage<Opened> second = open("host-2", "r2", from(first));
    KurveException third = cluster.refusal(open("host-3", "r3", from(first)));
    assertThat(third.code()).isEqualTo(ErrorCode.ATTACHED_ELSEWHERE);
    assertThat(third.text()).contains("host-2");
    AttachmentId waiting = holders().getLast().id();
    CompletionStage<Opened> again =
        open("host-3", "r4", TakeOver.from(Set.of(first.attachment(), waiting)));
    unmute();
    assertThat(cluster.refusal(second).code()).isEqualTo(ErrorCode.FENCED);
    assertThat(cluster.refusal(open("host-2", "r2", from(first))).code())
        .isIn(ErrorCode.FENCED, ErrorCode.ATTACHED_ELSEWHERE);
    Opened winner = cluster.await(again);
    nobodyAdmits(first.attachment());
    nobodyAdmits(waiting);
    assertThat(holders()).extracting(Attachment::id).containsExactly(winner.attachment());
  }

  @Test
  void rule19ATakeOverThatComesLateTakesNothingFromWhoCameAfterwards() {
    Opened second = cluster.await(open("host-2", "r2", from(first)));
    cluster.await(cluster.mds.metadata().close("host-2", second.attachment()));
    Opened third = cluster.open("v", "host-3");
    assertThat(cluster.refusal(open("host-2", "r2", from(first))).code())
        .isEqualTo(ErrorCode.ATTACHED_ELSEWHERE);
    assertThat(holders()).extracting(Attachment::id).containsExactly(third.attachment());
  }

  @Test
  void rule19AnAllocationThatRacesWithATakeOverIsFencedToo() {
    var racing = cluster.mds.metadata().segment(volume.id(), first.attachment(), 1, true);
    Opened second = cluster.await(open("host-2", "r2", from(first)));
    cluster.until(racing.toCompletableFuture()::isDone);
    map(second, 1);
    nobodyAdmits(first.attachment());
  }

  @Test
  void rule20JoiningASharedVolumeTakesItFromNobody() {
    cluster.await(cluster.mds.volumes().create("s", new NewVolume("shared", GIB, 4096, true)));
    MetadataService metadata = cluster.mds.metadata();
    Opened one = cluster.await(metadata.open("shared", "a", "a", AccessMode.SHARED));
    Opened two = cluster.await(metadata.open("shared", "b", "b", AccessMode.SHARED, from(one)));
    assertThat(cluster.await(cluster.mds.volumes().info("shared")).attachments())
        .extracting(Attachment::id)
        .containsExactly(one.attachment(), two.attachment());
  }
}
