package io.kurve.client.volume;

import static org.assertj.core.api.Assertions.assertThat;

import io.kurve.core.failure.ErrorCode;
import io.kurve.core.id.AttachmentId;
import io.kurve.core.id.ClusterId;
import io.kurve.core.metadata.MetadataService;
import io.kurve.core.metadata.MetadataService.AccessMode;
import io.kurve.core.metadata.TakeOver;
import io.kurve.core.unit.Geometry;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** What an attachment may remember, how it lives and how it ends. */
class AttachmentTest {
  @Test
  void rule07NotMappedIsRememberedUnderAnExclusiveAttachment() {
    TestVolume test = new TestVolume();
    for (int i = 0; i < 10; i++) {
      assertThat(test.read(i * 512L, 512)).containsOnly(0);
    }
    test.end(test.volume.discard(0, 4096));
    test.end(test.volume.writeZeroes(100, 1));
    assertThat(test.mds.countAsked("look-up")).isEqualTo(1);
    assertThat(test.mds.countAsked("allocate")).isZero();
    assertThat(test.chunkservers.sent).isEmpty();
  }

  @Test
  void rule07NotMappedIsNotRememberedUnderASharedAttachment() {
    TestVolume test = new TestVolume(1, AccessMode.SHARED, VolumeLimits.defaults());
    OpenVolume other = test.open(AccessMode.SHARED, VolumeLimits.defaults());
    assertThat(test.read(0, 512)).containsOnly(0);
    test.end(other.write(0, ByteBuffer.wrap(new byte[] {7})));
    assertThat(test.read(0, 512)).startsWith(7);
  }

  @Test
  void rule07AReadThatComesAfterTheLookUpWasSentDoesNotUseItsAnswer() {
    TestVolume test = new TestVolume(1, AccessMode.SHARED, VolumeLimits.defaults());
    OpenVolume other = test.open(AccessMode.SHARED, VolumeLimits.defaults());
    ByteBuffer early = ByteBuffer.allocate(512);
    ByteBuffer late = ByteBuffer.allocate(512);
    test.mds.latency = Duration.ofMillis(50);
    CompletionStage<Void> first = test.volume.read(0, early);
    test.loop.advance(Duration.ofMillis(1));
    CompletionStage<Void> second = test.volume.read(0, late);
    test.loop.advance(Duration.ofMillis(1));
    test.end(first);
    test.end(other.write(0, ByteBuffer.wrap(new byte[] {7})));
    test.end(second);
    assertThat(test.mds.countAsked("look-up")).isEqualTo(2);
  }

  @Test
  void rule19And22NotMappedIsNotTrustedForLongWithoutTheMds() {
    TestVolume test = new TestVolume();
    assertThat(test.read(0, 512)).containsOnly(0);
    test.mds.down();
    test.loop.advance(MetadataService.NOT_MAPPED_HOLDS);
    List<CompletableFuture<Void>> all =
        Stream.of(
                test.volume.read(0, ByteBuffer.allocate(512)),
                test.volume.discard(0, 4096),
                test.volume.writeZeroes(100, 1))
            .map(CompletionStage::toCompletableFuture)
            .toList();
    test.loop.advance(Duration.ofMinutes(1));
    assertThat(all).noneMatch(CompletableFuture::isDone);
    test.mds.fenced.add(test.volume.attachment());
    test.mds.up();
    test.loop.advance(FakeMds.LEASE);
    assertThat(all)
        .allSatisfy(f -> assertThat(TestVolume.failureOf(f)).isEqualTo(ErrorCode.FENCED));
  }

  @Test
  void rule19NotMappedIsTrustedFromWhenItWasAskedNotFromItsAnswer() {
    TestVolume test = new TestVolume();
    test.mds.latency = MetadataService.NOT_MAPPED_HOLDS.multipliedBy(2);
    assertThat(test.read(0, 512)).containsOnly(0);
    assertThat(test.read(0, 512)).containsOnly(0);
    assertThat(test.mds.countAsked("look-up")).isEqualTo(2);
  }

  @Test
  void aHotRangeThatIsNotMappedIsLookedUpOnceInASecond() {
    TestVolume test = new TestVolume();
    for (int i = 0; i < 100; i++) {
      assertThat(test.read(i * 512L, 512)).containsOnly(0);
      test.loop.advance(Duration.ofMillis(50));
    }
    assertThat(test.mds.countAsked("look-up")).isBetween(5L, 6L);
  }

  @Test
  void anOpenWithoutAnAnswerIsAskedAgainUnderTheSameId() {
    TestVolume test = new TestVolume();
    VolumeOpener opener = openerOf(test);
    test.mds.trouble = () -> Optional.of(new FakeMds.Trouble(true, Optional.empty()));
    assertThat(test.awaitFailure(opener.open("v", AccessMode.EXCLUSIVE)))
        .isEqualTo(ErrorCode.UNAVAILABLE);
    test.mds.up();
    test.await(opener.open("v", AccessMode.EXCLUSIVE));
    assertThat(idsOfOpens(test)).hasSize(1);
    test.await(opener.open("v", AccessMode.EXCLUSIVE));
    assertThat(idsOfOpens(test)).hasSize(2);
  }

  @Test
  void aVolumeIsOpenedAsItWasMade() {
    TestVolume test = new TestVolume();
    VolumeOpener opener = openerOf(test);
    test.mds.shared = true;
    test.await(opener.open("v", "id-1", TakeOver.FROM_NOBODY));
    assertThat(test.mds.asked.getLast()).isEqualTo("open v id-1 SHARED");
    test.mds.shared = false;
    test.await(opener.open("v", "id-2", TakeOver.FROM_NOBODY));
    assertThat(test.mds.asked.getLast()).isEqualTo("open v id-2 EXCLUSIVE");
  }

  @Test
  void rule19AnOpenThatTakesOverNamesTheSameHoldersAtEachTry() {
    TestVolume test = new TestVolume();
    VolumeOpener opener = openerOf(test);
    TakeOver takeOver = TakeOver.from(Set.of(new AttachmentId(3)));
    boolean[] held = {true};
    test.mds.trouble =
        () ->
            held[0]
                ? Optional.of(new FakeMds.Trouble(false, Optional.of(ErrorCode.UNAVAILABLE)))
                : Optional.empty();
    var opening = opener.open("v", "id-1", takeOver).toCompletableFuture();
    test.loop.advance(Duration.ofSeconds(3));
    assertThat(opening).isNotDone();
    held[0] = false;
    test.await(opening);
    assertThat(test.mds.takeOvers).hasSizeGreaterThan(2).containsOnly(takeOver);
    assertThat(idsOfOpens(test)).containsExactly("open v id-1 EXCLUSIVE");
  }

  private static VolumeOpener openerOf(TestVolume test) {
    return new VolumeOpener(
        new ClusterId(new UUID(1, 1)),
        "host-a",
        new VolumePorts(test.loop, test.random, test.mds, test.chunkservers, test.metrics),
        VolumeLimits.defaults());
  }

  private static TreeSet<String> idsOfOpens(TestVolume test) {
    return new TreeSet<>(
        test.mds.asked.stream().filter(asked -> asked.startsWith("open ")).toList());
  }

  @Test
  void aWriterGoesOnPastItsLease() {
    TestVolume test = new TestVolume();
    byte[] bytes = test.bytes(5000);
    test.write(3, bytes);
    test.mds.down();
    test.loop.advance(Duration.ofHours(1));
    test.write(3, bytes);
    assertThat(test.read(3, bytes.length)).isEqualTo(bytes);
    test.mds.up();
    test.loop.advance(FakeMds.LEASE);
    test.write(3, bytes);
  }

  @Test
  void theLeaseIsRenewedEveryThird() {
    TestVolume test = new TestVolume();
    test.loop.advance(FakeMds.LEASE.multipliedBy(10));
    assertThat(test.mds.countAsked("renew")).isBetween(29L, 30L);
  }

  @ParameterizedTest
  @EnumSource(names = {"NO_SPACE", "NOT_FOUND", "INTERNAL"})
  void anErrorThatStaysEndsTheRequest(ErrorCode code) {
    TestVolume test = new TestVolume();
    test.mds.trouble = () -> Optional.of(new FakeMds.Trouble(false, Optional.of(code)));
    assertThat(test.awaitFailure(test.volume.write(0, ByteBuffer.allocate(3 << 20))))
        .isEqualTo(code);
    test.mds.up();
    test.write(0, test.bytes(512));
  }

  @ParameterizedTest
  @CsvSource({
    "-1, 1",
    "0, -1",
    "1140850688, 1",
    "1140850687, 2",
    "9223372036854775807, 1",
    "1, 9223372036854775807"
  })
  void pastTheEndIsRefused(long offset, long length) {
    TestVolume test = new TestVolume();
    assertThat(test.awaitFailure(test.volume.discard(offset, length)))
        .isEqualTo(ErrorCode.INVALID_ARGUMENT);
    if (length == 1 || length == 2) {
      ByteBuffer buffer = ByteBuffer.allocate((int) length);
      assertThat(test.awaitFailure(test.volume.write(offset, buffer)))
          .isEqualTo(ErrorCode.INVALID_ARGUMENT);
      assertThat(test.awaitFailure(test.volume.read(offset, buffer)))
          .isEqualTo(ErrorCode.INVALID_ARGUMENT);
    }
    assertThat(test.mds.asked).isEmpty();
  }

  @Test
  void nothingIsAskedOfNobody() {
    TestVolume test = new TestVolume();
    test.end(test.volume.write(TestVolume.SIZE, ByteBuffer.allocate(0)));
    test.end(test.volume.discard(0, 0));
    assertThat(test.mds.asked).isEmpty();
  }

  @Test
  void aReadOnlyTargetIsRefused() {
    TestVolume test = new TestVolume();
    assertThat(test.awaitFailure(test.volume.read(0, ByteBuffer.allocate(8).asReadOnlyBuffer())))
        .isEqualTo(ErrorCode.INVALID_ARGUMENT);
  }

  @Test
  void aBufferKeepsItsPositionAndOnlyItsRemainingBytesCount() {
    TestVolume test = new TestVolume();
    ByteBuffer source = ByteBuffer.wrap(new byte[] {1, 2, 3, 4, 5}).position(1).limit(4);
    test.end(test.volume.write(10, source));
    ByteBuffer target = ByteBuffer.allocate(8).position(2).limit(7);
    test.end(test.volume.read(9, target));
    assertThat(target.array()).containsExactly(0, 0, 0, 2, 3, 4, 0, 0);
    assertThat(source.position()).isEqualTo(1);
    assertThat(target.position()).isEqualTo(2);
  }

  @Test
  void growthIsLearnedByRefresh() {
    TestVolume test = new TestVolume();
    test.mds.sizeBytes += Geometry.CHUNK_BYTES;
    assertThat(test.awaitFailure(test.volume.discard(TestVolume.SIZE, 1)))
        .isEqualTo(ErrorCode.INVALID_ARGUMENT);
    assertThat(test.await(test.volume.refresh()).sizeBytes()).isEqualTo(test.mds.sizeBytes);
    assertThat(test.volume.volume().sizeBytes()).isEqualTo(test.mds.sizeBytes);
    test.write(TestVolume.SIZE, test.bytes(Geometry.CHUNK_BYTES));
    test.mds.trouble =
        () -> Optional.of(new FakeMds.Trouble(false, Optional.of(ErrorCode.UNAVAILABLE)));
    assertThat(test.awaitFailure(test.volume.refresh())).isEqualTo(ErrorCode.UNAVAILABLE);
  }

  @Test
  void closeEndsWhatIsInFlightThenGivesTheAttachmentUp() {
    TestVolume test = new TestVolume();
    CompletionStage<Void> write = test.volume.write(0, ByteBuffer.allocate(100));
    CompletionStage<Void> close = test.volume.close();
    CompletionStage<Void> again = test.volume.close();
    CompletionStage<Void> late = test.volume.write(0, ByteBuffer.allocate(100));
    test.end(write);
    test.end(close);
    test.end(again);
    test.end(test.volume.close());
    assertThat(TestVolume.failureOf(late)).isEqualTo(ErrorCode.FENCED);
    assertThat(test.chunkservers.admitted).isEmpty();
    assertThat(test.mds.countAsked("close")).isEqualTo(1);
    test.loop.advance(Duration.ofMinutes(5));
    assertThat(test.mds.countAsked("renew")).isZero();
  }

  @Test
  void closeGivesUpAfterAWhileAndMayBeTriedAgain() {
    TestVolume test = new TestVolume();
    test.mds.trouble =
        () -> Optional.of(new FakeMds.Trouble(false, Optional.of(ErrorCode.UNAVAILABLE)));
    assertThat(test.awaitFailure(test.volume.close())).isEqualTo(ErrorCode.UNAVAILABLE);
    test.mds.up();
    test.end(test.volume.close());
    assertThat(test.chunkservers.admitted).isEmpty();
  }

  @Test
  void closeOfAnAttachmentThatIsGoneIsDone() {
    TestVolume test = new TestVolume();
    test.mds.trouble =
        () -> Optional.of(new FakeMds.Trouble(false, Optional.of(ErrorCode.NOT_FOUND)));
    test.end(test.volume.close());
  }

  @Test
  void theWholeVolumeCanBeDiscardedAtOnce() {
    TestVolume test = new TestVolume();
    test.write(0, test.bytes(4096));
    test.chunkservers.sent.clear();
    test.end(test.volume.discard(0, TestVolume.SIZE));
    assertThat(test.chunkservers.sent.stream().map(s -> s.request().context().id()).distinct())
        .as("one a mapped chunk")
        .hasSize(64);
    assertThat(test.read(0, 4096)).containsOnly(0);
    assertThat(
            test.registry.getSampleValue(
                "kurve_client_request_seconds_count",
                new String[] {"operation"},
                new String[] {"discard"}))
        .isEqualTo(1);
  }
}
