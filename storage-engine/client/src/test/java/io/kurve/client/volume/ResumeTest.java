package io.kurve.client.volume;

import static org.assertj.core.api.Assertions.assertThat;

import io.kurve.client.BlockVolume;
import io.kurve.client.Resumption;
import io.kurve.core.data.DataRequest;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.id.ClusterId;
import io.kurve.core.id.RequestId;
import io.kurve.core.metadata.MetadataService.AccessMode;
import io.kurve.core.unit.Geometry;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** One process after another uses the same attachment. */
class ResumeTest {
  private static final int CHUNK = Geometry.CHUNK_BYTES;

  @Test
  void rule13AResentWriteThatWasAppliedIsNotAppliedAgainOverANewerOne() {
    TestVolume test = new TestVolume();
    test.write(0, new byte[4096]);
    byte[] newer = test.bytes(4096);
    NotedFlight resent = new NotedFlight();
    NotedFlight answered = new NotedFlight();
    test.end(test.volume.write(0, ByteBuffer.wrap(test.bytes(4096)), resent));
    test.end(test.volume.write(0, ByteBuffer.wrap(newer), answered));
    answered.over = true;

    BlockVolume next = resume(test, answered.highest, resent.first);
    test.end(next.write(0, ByteBuffer.wrap(test.bytes(4096)), new NotedFlight(resent.first)));

    ByteBuffer read = ByteBuffer.allocate(4096);
    test.end(next.read(0, read));
    assertThat(read.array()).isEqualTo(newer);
  }

  @Test
  void rule13AnEarlierProcesssLateWriteIsRefusedOnceTheResentOneIsAnswered() {
    TestVolume test = new TestVolume();
    test.write(0, new byte[4096]);
    byte[] newer = test.bytes(4096);
    byte[] older = test.bytes(4096);
    test.chunkservers.script = (target, request) -> new FakeChunkservers.Fate.Hold();
    NotedFlight flight = new NotedFlight();
    var lost = test.volume.write(0, ByteBuffer.wrap(older), flight);
    test.loop.advance(Duration.ofMillis(1));
    assertThat(test.chunkservers.heldCount()).isEqualTo(1);

    test.chunkservers.script = FakeChunkservers.GOOD;
    BlockVolume next = resume(test, flight.highest, flight.first);
    NotedFlight again = new NotedFlight(flight.first);
    again.over = true;
    test.end(next.write(0, ByteBuffer.wrap(older), again));
    test.end(next.write(0, ByteBuffer.wrap(newer)));
    test.chunkservers.releaseHeld();

    ByteBuffer read = ByteBuffer.allocate(4096);
    test.end(next.read(0, read));
    assertThat(read.array()).isEqualTo(newer);
    assertThat(test.chunkservers.duplicatesRefused).isEqualTo(1);
    assertThat(lost).isNotNull();
  }

  @Test
  void rule13TheMarkStaysBelowWhatMayBeAskedForAgain() {
    TestVolume test = new TestVolume();
    test.write(0, new byte[4096]);
    NotedFlight unanswered = new NotedFlight();
    test.end(test.volume.write(0, ByteBuffer.wrap(test.bytes(4096)), unanswered));
    test.write(0, test.bytes(4096));
    test.write(0, test.bytes(4096));
    assertThat(lastMark(test)).isEqualTo(unanswered.first);
    unanswered.over = true;
    test.write(0, test.bytes(4096));
    assertThat(lastMark(test)).isEqualTo(unanswered.first + 3);

    BlockVolume next = resume(test, 9, 6L, 8L);
    test.end(next.write(0, ByteBuffer.wrap(test.bytes(4096))));
    assertThat(lastId(test).number()).isEqualTo(10);
    assertThat(lastMark(test)).isEqualTo(6);
    NotedFlight eighth = new NotedFlight(8);
    test.end(next.write(0, ByteBuffer.wrap(test.bytes(4096)), eighth));
    assertThat(lastId(test).number()).isEqualTo(8);
    next.allAskedAgain();
    test.end(next.write(0, ByteBuffer.wrap(test.bytes(4096))));
    assertThat(lastMark(test)).as("the sixth was answered, the eighth is not").isEqualTo(8);
    eighth.over = true;
    test.end(next.write(0, ByteBuffer.wrap(test.bytes(4096))));
    assertThat(lastMark(test)).isEqualTo(12);
  }

  @Test
  void rule13AResentRequestIsSplitAlikeWhateverIsKnownOfTheMap() {
    TestVolume test = new TestVolume();
    // The second segment's chunk is known, the first one's is not: pieces are not sent in order.
    test.write(Geometry.SEGMENT_BYTES, new byte[4096]);
    long offset = Geometry.SEGMENT_BYTES - 4096 - 512;
    byte[] bytes = test.bytes(3 * 4096);
    NotedFlight flight = new NotedFlight();
    test.chunkservers.sent.clear();
    test.end(test.volume.write(offset, ByteBuffer.wrap(bytes), flight));
    List<String> first = changes(test);
    test.chunkservers.sent.clear();

    BlockVolume next = resume(test, flight.highest, flight.first);
    ByteBuffer warm = ByteBuffer.allocate(4096);
    test.end(next.read(0, warm));
    test.chunkservers.sent.clear();
    test.end(next.write(offset, ByteBuffer.wrap(bytes), new NotedFlight(flight.first)));

    assertThat(first).hasSize(4);
    assertThat(changes(test)).containsExactlyInAnyOrderElementsOf(first);
  }

  @Test
  void rule13AResentPartOfABlockThatWasAppliedIsNotAppliedAgain() {
    TestVolume test = new TestVolume();
    test.write(0, new byte[4096]);
    NotedFlight part = new NotedFlight();
    test.end(test.volume.write(512, ByteBuffer.wrap(new byte[] {1, 1, 1}), part));
    NotedFlight newer = new NotedFlight();
    newer.over = true;
    test.end(test.volume.write(513, ByteBuffer.wrap(new byte[] {2}), newer));

    BlockVolume next = resume(test, newer.highest, part.first);
    test.end(next.write(512, ByteBuffer.wrap(new byte[] {1, 1, 1}), new NotedFlight(part.first)));

    ByteBuffer read = ByteBuffer.allocate(3);
    test.end(next.read(512, read));
    assertThat(read.array()).containsExactly(1, 2, 1);
  }

  @Test
  void aResentDiscardIsSplitAlike() {
    TestVolume test = new TestVolume();
    test.write(0, new byte[4096]);
    test.write((long) CHUNK, new byte[4096]);
    NotedFlight flight = new NotedFlight();
    test.chunkservers.sent.clear();
    test.end(test.volume.discard(100, 2L * CHUNK - 100, flight));
    List<String> first = changes(test);
    test.chunkservers.sent.clear();

    BlockVolume next = resume(test, flight.highest, flight.first);
    test.end(next.discard(100, 2L * CHUNK - 100, new NotedFlight(flight.first)));

    assertThat(changes(test)).containsExactlyInAnyOrderElementsOf(first);
  }

  @Test
  void whatWasBegunGoesAheadOfWhatWaitsForRoom() {
    VolumeLimits small =
        new VolumeLimits(4, 1 << 20, 8, 2, VolumeLimits.defaults().retry(), Duration.ofMillis(100));
    TestVolume test = new TestVolume(1, AccessMode.EXCLUSIVE, small);
    test.write(0, new byte[4096]);
    BlockVolume next = resume(test, small, 6, 3L);
    CompletableFuture<Void> waits =
        next.write(4096, ByteBuffer.wrap(test.bytes(4096))).toCompletableFuture();
    test.loop.advance(Duration.ofMillis(20));
    assertThat(waits).isNotDone();
    NotedFlight third = new NotedFlight(3);
    test.end(next.write(8192, ByteBuffer.wrap(test.bytes(4096)), third));
    third.over = true;
    test.end(waits);
  }

  @Test
  void rule29AFencedAttachmentStaysSo() {
    TestVolume test = new TestVolume();
    test.mds.fenced.add(test.volume.attachment());
    BlockVolume next = resume(test, 0);
    assertThat(test.awaitFailure(next.flush())).isEqualTo(ErrorCode.FENCED);
  }

  @Test
  void rule29WithoutAnMdsItGoesOnUnderItsId() {
    TestVolume test = new TestVolume();
    test.write(0, new byte[4096]);
    test.mds.down();
    BlockVolume next = resume(test, 1);
    assertThat(next.attachment()).isEqualTo(test.volume.attachment());
    test.end(next.flush());
  }

  private static BlockVolume resume(TestVolume test, long highest, Long... unanswered) {
    return resume(test, VolumeLimits.defaults(), highest, unanswered);
  }

  private static BlockVolume resume(
      TestVolume test, VolumeLimits limits, long highest, Long... unanswered) {
    VolumeOpener opener =
        new VolumeOpener(
            new ClusterId(new UUID(1, 1)),
            "host-a",
            new VolumePorts(
                test.loop, test.random.fork(), test.mds, test.chunkservers, test.metrics),
            limits);
    return test.await(
        opener.resume(
            new Resumption(
                test.volume.volume(), test.volume.attachment(), highest, List.of(unanswered))));
  }

  private static List<String> changes(TestVolume test) {
    return test.chunkservers.sent.stream()
        .map(FakeChunkservers.Sent::request)
        .filter(request -> !(request.operation() instanceof DataRequest.Read))
        .map(request ->
            "%s %s %d+%d"
                .formatted(
                    request.context().id(),
                    request.address().chunk(),
                    request.operation().offset(),
                    request.operation().length()))
        .distinct() // not everybody leads
        .toList();
  }

  private static RequestId lastId(TestVolume test) {
    return test.chunkservers.sent.getLast().request().context().id();
  }

  private static long lastMark(TestVolume test) {
    return test.chunkservers.sent.getLast().request().context().answeredBelow();
  }
}
