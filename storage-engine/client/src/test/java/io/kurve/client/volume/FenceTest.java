package io.kurve.client.volume;

import static org.assertj.core.api.Assertions.assertThat;

import io.kurve.core.failure.ErrorCode;
import io.kurve.core.metadata.MetadataService.AccessMode;
import io.kurve.core.unit.Geometry;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;

class FenceTest {
  private final TestVolume test = new TestVolume();

  @Test
  void rule22EverythingInFlightAndLaterEndsFencedInTheSameTurn() {
    test.write(0, test.bytes(4096));
    test.chunkservers.script = (target, request) -> new FakeChunkservers.Fate.Lose();
    List<CompletableFuture<Void>> all = new ArrayList<>();
    for (int i = 0; i < 700; i++) {
      all.add(test.volume.write(i * 4096L, ByteBuffer.allocate(4096)).toCompletableFuture());
    }
    all.add(test.volume.flush().toCompletableFuture());
    all.add(test.volume.read(17, ByteBuffer.allocate(100)).toCompletableFuture());
    test.loop.advance(Duration.ofMillis(1));
    assertThat(all).noneMatch(CompletableFuture::isDone);
    test.chunkservers.script = FakeChunkservers.GOOD;
    test.chunkservers.admitted.clear();
    all.add(test.volume.write(900 * 4096L, ByteBuffer.allocate(4096)).toCompletableFuture());
    CompletionStage<Void> first = test.volume.read(Geometry.CHUNK_BYTES, ByteBuffer.allocate(512));
    List<CompletableFuture<Void>> seenDone = new ArrayList<>();
    var unused =
        first.whenComplete((nothing, error) -> test.loop.execute(() -> seenDone.addAll(done(all))));
    assertThat(test.awaitFailure(first)).isEqualTo(ErrorCode.FENCED);
    test.loop.runUntilIdle();
    assertThat(seenDone).as("ended by the end of the turn").hasSameSizeAs(all);
    assertThat(all)
        .allSatisfy(f -> assertThat(TestVolume.failureOf(f)).isEqualTo(ErrorCode.FENCED));
    endsFencedAndSendsNothing();
  }

  @Test
  void rule22ALeaseRenewalThatFindsTheFenceAbortsWithinAThirdOfTheLease() {
    test.write(0, test.bytes(4096));
    test.mds.fenced.add(test.volume.attachment());
    test.loop.advance(FakeMds.LEASE.dividedBy(3).plusMillis(10));
    endsFencedAndSendsNothing();
    assertThat(test.registry.getSampleValue("kurve_client_fenced_total")).isEqualTo(1);
  }

  @Test
  void rule19AFenceFoundAtTheMdsAborts() {
    test.mds.fenced.add(test.volume.attachment());
    assertThat(test.awaitFailure(test.volume.write(0, ByteBuffer.allocate(1))))
        .isEqualTo(ErrorCode.FENCED);
    endsFencedAndSendsNothing();
  }

  @Test
  void rule20AnotherAttachmentOfTheVolumeSeesNoError() {
    OpenVolume other = test.open(AccessMode.SHARED, VolumeLimits.defaults());
    test.write(0, test.bytes(4096));
    test.mds.fenced.add(test.volume.attachment());
    test.chunkservers.admitted.remove(test.volume.attachment());
    assertThat(test.awaitFailure(test.volume.write(0, ByteBuffer.allocate(4096))))
        .isEqualTo(ErrorCode.FENCED);
    test.end(other.write(0, ByteBuffer.allocate(5000)));
  }

  @Test
  void anAbortEndsAllAndStillGivesTheAttachmentUp() {
    test.chunkservers.script = (target, request) -> new FakeChunkservers.Fate.Lose();
    CompletionStage<Void> write = test.volume.write(0, ByteBuffer.allocate(4096));
    test.loop.advance(Duration.ofMillis(10));
    CompletionStage<Void> close = test.volume.close();
    test.loop.advance(Duration.ofSeconds(60));
    assertThat(close.toCompletableFuture()).as("waits for what is in flight").isNotDone();
    test.volume.abort("detached by force");
    test.loop.runUntilIdle();
    assertThat(TestVolume.failureOf(write)).isEqualTo(ErrorCode.FENCED);
    test.end(close);
    assertThat(test.chunkservers.admitted).isEmpty();
    endsFencedAndSendsNothing();
  }

  @Test
  void anUnmappedLookUpUnderWayEndsFencedToo() {
    test.mds.latency = Duration.ofSeconds(3);
    CompletionStage<Void> read = test.volume.read(0, ByteBuffer.allocate(4096));
    test.loop.advance(Duration.ofSeconds(1));
    test.volume.abort("for the test");
    test.loop.runUntilIdle();
    assertThat(TestVolume.failureOf(read)).isEqualTo(ErrorCode.FENCED);
    test.loop.advance(Duration.ofSeconds(10));
    assertThat(test.chunkservers.sent).isEmpty();
  }

  private void endsFencedAndSendsNothing() {
    int sent = test.chunkservers.sent.size();
    int asked = test.mds.asked.size();
    List<CompletionStage<?>> later =
        List.of(
            test.volume.read(0, ByteBuffer.allocate(4096)),
            test.volume.write(3, ByteBuffer.allocate(4096)),
            test.volume.discard(0, 4096),
            test.volume.writeZeroes(0, 4096),
            test.volume.flush(),
            test.volume.refresh());
    test.loop.runUntilIdle();
    assertThat(later)
        .allSatisfy(f -> assertThat(TestVolume.failureOf(f)).isEqualTo(ErrorCode.FENCED));
    test.loop.advance(Duration.ofMinutes(5));
    assertThat(test.chunkservers.sent).hasSize(sent);
    assertThat(test.mds.asked).hasSize(asked);
  }

  private static List<CompletableFuture<Void>> done(List<CompletableFuture<Void>> all) {
    return all.stream().filter(CompletableFuture::isDone).toList();
  }
}
