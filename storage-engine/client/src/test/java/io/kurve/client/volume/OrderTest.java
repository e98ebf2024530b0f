package io.kurve.client.volume;

import static org.assertj.core.api.Assertions.assertThat;

import io.kurve.core.data.DataRequest;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.id.RequestId;
import io.kurve.core.metadata.MetadataService.AccessMode;
import io.kurve.core.unit.Geometry;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class OrderTest {
  private static final VolumeLimits SMALL =
      new VolumeLimits(4, 1 << 20, 3, 2, VolumeLimits.defaults().retry(), Duration.ofMillis(100));

  @Test
  void overlappingRequestsWaitForEachOtherAndOthersDoNot() {
    TestVolume test = new TestVolume();
    test.write(0, test.bytes(8 * 4096));
    test.chunkservers.sent.clear();
    test.chunkservers.script = (target, request) -> new FakeChunkservers.Fate.Hold();
    byte[] newest = test.bytes(4096);
    CompletableFuture<Void> first = write(test, 4096, test.bytes(8192));
    CompletableFuture<Void> second = write(test, 8192, newest);
    ByteBuffer target = ByteBuffer.allocate(4096);
    CompletableFuture<Void> read = test.volume.read(8192, target).toCompletableFuture();
    CompletableFuture<Void> elsewhere = write(test, 4 * 4096, test.bytes(4096));
    test.loop.advance(Duration.ofMillis(1));
    assertThat(test.chunkservers.sent).as("the first and the one elsewhere").hasSize(2);
    release(test);
    assertThat(List.of(first, elsewhere)).allMatch(CompletableFuture::isDone);
    assertThat(second).isNotDone();
    release(test);
    assertThat(second).isCompleted();
    assertThat(read).isNotDone();
    release(test);
    assertThat(read).isCompleted();
    assertThat(target.array()).isEqualTo(newest);
  }

  @Test
  void readsOfOneBlockGoTogether() {
    TestVolume test = new TestVolume();
    test.write(0, test.bytes(4096));
    test.chunkservers.sent.clear();
    test.chunkservers.script = (target, request) -> new FakeChunkservers.Fate.Hold();
    for (int i = 0; i < 5; i++) {
      var unused = test.volume.read(i, ByteBuffer.allocate(100));
    }
    test.loop.advance(Duration.ofMillis(1));
    assertThat(test.chunkservers.sent).hasSize(5);
  }

  @Test
  void rule13NumbersInFlightStayWithinTheSpanAndTheMarkFollowsTheOldest() {
    TestVolume test = new TestVolume(1, AccessMode.EXCLUSIVE, SMALL);
    test.write(0, test.bytes(4096));
    test.chunkservers.sent.clear();
    test.chunkservers.script =
        (target, request) ->
            request.operation().offset() == 0
                ? new FakeChunkservers.Fate.Hold()
                : FakeChunkservers.GOOD.fateOf(target, request);
    CompletableFuture<Void> oldest = write(test, 0, test.bytes(4096));
    List<CompletableFuture<Void>> newer = new ArrayList<>();
    for (int i = 1; i <= 6; i++) {
      newer.add(write(test, i * 4096L, test.bytes(4096)));
    }
    test.loop.advance(Duration.ofMillis(50));
    assertThat(newer.stream().filter(CompletableFuture::isDone)).hasSize(3);
    assertThat(test.chunkservers.sent)
        .allSatisfy(sent -> assertThat(sent.request().context().answeredBelow()).isEqualTo(2));
    release(test);
    test.loop.advance(Duration.ofMillis(50));
    assertThat(oldest).isCompleted();
    assertThat(newer).allMatch(CompletableFuture::isDone);
    assertThat(test.chunkservers.sent.getLast().request().context().answeredBelow())
        .isGreaterThan(5);
  }

  @Test
  void moreThanMayWaitIsOverload() {
    TestVolume test = new TestVolume(1, AccessMode.EXCLUSIVE, SMALL);
    test.chunkservers.script = (target, request) -> new FakeChunkservers.Fate.Hold();
    List<CompletableFuture<Void>> all = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      all.add(write(test, i * 4096L, test.bytes(4096)));
    }
    test.loop.advance(Duration.ofMillis(5));
    assertThat(TestVolume.failureOf(all.getLast())).isEqualTo(ErrorCode.OVERLOAD);
    assertThat(all.stream().limit(7)).noneMatch(CompletableFuture::isDone);
  }

  @Test
  void bytesInFlightAreBoundedButALargeRequestStartsAlone() {
    TestVolume test = new TestVolume(1, AccessMode.EXCLUSIVE, SMALL);
    test.chunkservers.script = (target, request) -> new FakeChunkservers.Fate.Hold();
    byte[] large = test.bytes(3 << 20);
    CompletableFuture<Void> first = write(test, 0, large);
    CompletableFuture<Void> second = write(test, 4 << 20, test.bytes(4096));
    test.loop.advance(Duration.ofMillis(5));
    assertThat(test.chunkservers.sent).as("two pieces at once").hasSize(2);
    release(test);
    test.loop.advance(Duration.ofMillis(1));
    assertThat(first).isNotDone();
    test.chunkservers.script = FakeChunkservers.GOOD;
    release(test);
    test.end(first);
    test.end(second);
    assertThat(test.read(0, large.length)).isEqualTo(large);
  }

  @Test
  void aFlushWaitsForTheChangesBeforeItOnly() {
    TestVolume test = new TestVolume();
    test.write(0, test.bytes(4096));
    test.end(test.volume.flush());
    test.chunkservers.script = (target, request) -> new FakeChunkservers.Fate.Hold();
    CompletableFuture<Void> before = write(test, 0, test.bytes(4096));
    CompletableFuture<Void> flush = test.volume.flush().toCompletableFuture();
    CompletableFuture<Void> after = write(test, 0, test.bytes(4096));
    test.loop.advance(Duration.ofMillis(5));
    assertThat(flush).isNotDone();
    release(test);
    assertThat(before).isCompleted();
    assertThat(flush).isCompleted();
    assertThat(after).isNotDone();
  }

  @Test
  void rule21TwoHostsWritingAlternateSectorsOfOneBlockLoseNone() {
    TestVolume test = new TestVolume(5, AccessMode.SHARED, VolumeLimits.defaults());
    OpenVolume other = test.open(AccessMode.SHARED, VolumeLimits.defaults());
    test.write(0, new byte[4096]);
    byte[] model = new byte[4096];
    for (int round = 0; round < 40; round++) {
      List<CompletableFuture<Void>> writes = new ArrayList<>();
      for (int sector = 0; sector < 8; sector++) {
        byte[] bytes = test.bytes(512);
        System.arraycopy(bytes, 0, model, sector * 512, 512);
        OpenVolume host = sector % 2 == 0 ? test.volume : other;
        writes.add(host.write(sector * 512L, ByteBuffer.wrap(bytes)).toCompletableFuture());
      }
      writes.forEach(test::end);
      assertThat(test.read(0, 4096)).isEqualTo(model);
    }
    assertThat(test.retries("mismatch")).isPositive();
  }

  @Test
  void rule21AMismatchIsFollowedByANewIdAndAnUnknownOutcomeKeepsIt() {
    TestVolume test = new TestVolume();
    test.write(0, new byte[4096]);
    test.chunkservers.sent.clear();
    int[] writes = {0};
    test.chunkservers.script =
        (target, request) -> {
          if (!(request.operation() instanceof DataRequest.Write)) {
            return FakeChunkservers.GOOD.fateOf(target, request);
          }
          return switch (++writes[0]) {
            case 1 -> {
              // Somebody else is faster.
              test.chunkservers.write(test.chunk(0), 0, new byte[] {9});
              yield FakeChunkservers.GOOD.fateOf(target, request);
            }
            case 2 -> new FakeChunkservers.Fate.ApplyAndLose();
            default -> FakeChunkservers.GOOD.fateOf(target, request);
          };
        };
    test.write(512, new byte[] {1, 2, 3});
    assertThat(test.read(0, 515)).startsWith(9).endsWith(1, 2, 3);
    var ids =
        test.chunkservers.sent.stream()
            .filter(sent -> sent.request().operation() instanceof DataRequest.Write)
            .map(sent -> sent.request().context().id())
            .toList();
    assertThat(ids.get(1)).isNotEqualTo(ids.get(0));
    assertThat(ids.subList(1, ids.size())).containsOnly(ids.get(1));
  }

  @Test
  void aRequestThatNeedsMorePartsThanANumberHasTakesAnother() {
    TestVolume test = new TestVolume();
    test.write(0, new byte[4096]);
    int[] faster = {RequestId.MAX_PARTS / 2 + 10};
    test.chunkservers.script =
        (target, request) -> {
          if (request.operation() instanceof DataRequest.Write && faster[0]-- > 0) {
            byte[] counter = ByteBuffer.allocate(4).putInt(faster[0]).array();
            test.chunkservers.write(test.chunk(0), 0, counter);
          }
          return FakeChunkservers.GOOD.fateOf(target, request);
        };
    CompletableFuture<Void> write = write(test, 512, new byte[] {1, 2, 3});
    for (int hour = 0; hour < 12 && !write.isDone(); hour++) {
      test.loop.advance(Duration.ofHours(1));
    }
    assertThat(write).isCompleted();
    assertThat(test.chunkservers.sent.getLast().request().context().id().number()).isEqualTo(4);
    test.write(512, new byte[] {4});
    assertThat(test.chunkservers.sent.getLast().request().context().answeredBelow()).isEqualTo(5);
  }

  @Test
  void callbacksThatAskForMoreDontGrowTheStack() {
    TestVolume test = new TestVolume();
    assertThat(test.read(Geometry.SEGMENT_BYTES, 4096)).containsOnly(0);
    CompletableFuture<Void> end = new CompletableFuture<>();
    readAgain(test, 50_000, end);
    test.end(end);
    assertThat(test.chunkservers.sent).as("not mapped: nobody is asked").isEmpty();
  }

  private static void readAgain(TestVolume test, int left, CompletableFuture<Void> end) {
    if (left == 0) {
      end.complete(null);
      return;
    }
    var unused =
        test.volume
            .read(Geometry.SEGMENT_BYTES, ByteBuffer.allocate(512))
            .whenComplete((nothing, error) -> readAgain(test, left - 1, end));
  }

  private static CompletableFuture<Void> write(TestVolume test, long offset, byte[] bytes) {
    return test.volume.write(offset, ByteBuffer.wrap(bytes)).toCompletableFuture();
  }

  private static void release(TestVolume test) {
    test.chunkservers.releaseHeld();
    test.loop.advance(Duration.ofMillis(1));
  }
}
