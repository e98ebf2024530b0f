package io.kurve.client.volume;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.kurve.client.volume.FakeChunkservers.Fate;
import io.kurve.client.volume.FakeChunkservers.Sent;
import io.kurve.core.checksum.BlockChecksum;
import io.kurve.core.data.DataReply;
import io.kurve.core.data.DataRequest;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.id.CopysetId;
import io.kurve.core.id.RequestId;
import io.kurve.core.metadata.CopysetPlacement.Member;
import io.kurve.core.unit.Geometry;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.slf4j.LoggerFactory;

class RetryTest {
  private static final CopysetId FIRST = new CopysetId(1);

  private final TestVolume test = new TestVolume();
  private final byte[] block = test.bytes(Geometry.BLOCK_BYTES);

  @BeforeEach
  void mapTheFirstSegmentAndLearnItsLeader() {
    test.write(0, block);
    test.chunkservers.sent.clear();
  }

  @Test
  void aLeaderIsRemembered() {
    test.write(0, block);
    assertThat(test.chunkservers.sent).hasSize(1);
  }

  @Test
  void whatWaitsForItsPlaceKeepsNobodyElseWaiting() {
    test.mds.down();
    long elsewhere = Geometry.SEGMENT_BYTES;
    ByteBuffer read = ByteBuffer.allocateDirect(block.length);
    CompletableFuture<Void> unmapped =
        test.volume.write(elsewhere, ByteBuffer.wrap(block)).toCompletableFuture();
    CompletableFuture<Void> unknown =
        test.volume.read(elsewhere + block.length, read).toCompletableFuture();
    CompletableFuture<Void> behind =
        test.volume.write(elsewhere, ByteBuffer.wrap(block)).toCompletableFuture();
    for (int i = 0; i < 2 * VolumeLimits.defaults().numberSpan(); i++) {
      test.write(0, block);
    }
    assertThat(List.of(unmapped, unknown, behind)).noneMatch(CompletableFuture::isDone);
    test.mds.up();
    List.of(unmapped, unknown, behind).forEach(test::end);
    assertThat(test.read(elsewhere, block.length)).isEqualTo(block);
  }

  @Test
  void aHintIsFollowedAtOnce() {
    test.chunkservers.lead(FIRST, (test.chunkservers.leader(FIRST) + 2) % 3);
    long before = test.loop.nanoTime();
    test.write(0, block);
    assertThat(test.chunkservers.sent).hasSize(2);
    assertThat(test.loop.nanoTime() - before).isLessThan(Duration.ofMillis(2).toNanos());
    assertThat(test.retries("not_leader")).isPositive();
  }

  @Test
  void aKilledLeaderIsLeftAtOnceAndItsSuccessorFound() {
    int old = test.chunkservers.leader(FIRST);
    test.chunkservers.down.add(FakeChunkservers.member(old).dataAddress());
    test.chunkservers.lead(FIRST, (old + 1) % 3);
    test.write(0, block);
    assertThat(test.chunkservers.sent.stream().map(Sent::target).distinct()).hasSize(2);
    assertThat(test.loop.nanoTime()).isLessThan(Duration.ofMillis(100).toNanos());
  }

  @Test
  void aPausedLeaderIsLeftAfterOneTimeout() {
    int old = test.chunkservers.leader(FIRST);
    Member paused = FakeChunkservers.member(old);
    test.chunkservers.lead(FIRST, (old + 1) % 3);
    test.chunkservers.script =
        (target, request) ->
            target.equals(paused) ? new Fate.Lose() : FakeChunkservers.GOOD.fateOf(target, request);
    long before = test.loop.nanoTime();
    test.write(0, block);
    assertThat(test.loop.nanoTime() - before).isLessThan(Duration.ofSeconds(3).toNanos());
    assertThat(test.retries("silence")).isEqualTo(1);
  }

  @Test
  void aSlowRequestIsLoggedWithTheIdThatItsChunkserversKnow() {
    Logger logger = (Logger) LoggerFactory.getLogger(Admission.class);
    ListAppender<ILoggingEvent> lines = new ListAppender<>();
    lines.start();
    logger.addAppender(lines);
    logger.setLevel(Level.INFO);
    try {
      aPausedLeaderIsLeftAfterOneTimeout();
    } finally {
      logger.detachAppender(lines);
      logger.setLevel(null);
    }
    String id = test.chunkservers.sent.getFirst().request().context().id().toString();
    assertThat(lines.list)
        .singleElement()
        .asString()
        .contains("slow:", "request " + id.substring(0, id.lastIndexOf('.')));
  }

  @Test
  void aLeaderWhoseOutcomesStayUnknownIsLeft() {
    int old = test.chunkservers.leader(FIRST);
    Member paused = FakeChunkservers.member(old);
    test.chunkservers.lead(FIRST, (old + 1) % 3);
    test.chunkservers.script =
        (target, request) ->
            target.equals(paused)
                ? new Fate.Answer(
                    FakeChunkservers.failed(ErrorCode.UNKNOWN_OUTCOME, Optional.empty()))
                : FakeChunkservers.GOOD.fateOf(target, request);
    test.write(0, block);
    assertThat(test.chunkservers.sent).hasSize(2);
  }

  @Test
  void withoutAQuorumRequestsWaitForeverAndGoOnAfterwards() {
    for (int server = 0; server < 3; server++) {
      test.chunkservers.down.add(FakeChunkservers.member(server).dataAddress());
    }
    CompletableFuture<Void> write =
        test.volume.write(0, ByteBuffer.wrap(block)).toCompletableFuture();
    CompletableFuture<Void> read =
        test.volume.read(Geometry.CHUNK_BYTES, ByteBuffer.allocate(512)).toCompletableFuture();
    test.loop.advance(Duration.ofHours(2));
    assertThat(write).isNotDone();
    assertThat(read).isNotDone();
    assertThat(test.registry.getSampleValue("kurve_client_stalled_calls")).isEqualTo(2);
    assertThat(test.chunkservers.sent)
        .as("tries are far apart")
        .hasSizeLessThan(2 * 2 * 3600 * 3 * 5);
    test.chunkservers.down.clear();
    test.loop.advance(Duration.ofSeconds(1));
    assertThat(write).isCompleted();
    assertThat(read).isCompleted();
    assertThat(test.registry.getSampleValue("kurve_client_stalled_calls")).isEqualTo(0);
  }

  @Test
  void ioToMappedChunksGoesOnWithoutAnMdsAndTheRestWhenItIsBack() {
    test.mds.down();
    test.write(3L * Geometry.CHUNK_BYTES, block);
    assertThat(test.read(3L * Geometry.CHUNK_BYTES, block.length)).isEqualTo(block);
    CompletableFuture<Void> unmapped =
        test.volume.write(Geometry.SEGMENT_BYTES, ByteBuffer.wrap(block)).toCompletableFuture();
    test.loop.advance(Duration.ofMinutes(10));
    assertThat(unmapped).isNotDone();
    test.write(0, block);
    test.mds.up();
    test.end(unmapped);
  }

  @Test
  void membersAreAskedForAgainWhenTheMapIsOld() {
    test.chunkservers.generation = 2;
    test.write(0, block);
    assertThat(test.mds.countAsked("placements")).isPositive();
    assertThat(test.chunkservers.sent.getLast().request().context().copyset().generation().value())
        .isEqualTo(2);
  }

  @Test
  void aDeadMdsDoesNotHoldUpTheTriesWhenMembersDontAnswer() {
    test.mds.down();
    for (int server = 0; server < 3; server++) {
      test.chunkservers.down.add(FakeChunkservers.member(server).dataAddress());
    }
    CompletableFuture<Void> write =
        test.volume.write(0, ByteBuffer.wrap(block)).toCompletableFuture();
    test.loop.advance(Duration.ofSeconds(20));
    test.chunkservers.down.clear();
    test.loop.advance(Duration.ofSeconds(1));
    assertThat(write).isCompleted();
    assertThat(test.mds.countAsked("placements")).isBetween(2L, 20L);
  }

  @Test
  void overloadBacksOffAtTheSameServer() {
    List<Long> times = new ArrayList<>();
    test.chunkservers.script =
        (target, request) -> {
          times.add(test.loop.nanoTime());
          return times.size() <= 12
              ? new Fate.Answer(FakeChunkservers.failed(ErrorCode.OVERLOAD, Optional.empty()))
              : FakeChunkservers.GOOD.fateOf(target, request);
        };
    test.write(0, block);
    assertThat(test.chunkservers.sent.stream().map(Sent::target).distinct()).hasSize(1);
    assertThat(times.get(1) - times.get(0)).isLessThan(Duration.ofMillis(4).toNanos());
    assertThat(times.get(12) - times.get(11))
        .isBetween(Duration.ofMillis(250).toNanos(), Duration.ofMillis(501).toNanos());
    assertThat(test.retries("overload")).isEqualTo(12);
  }

  @Test
  void rule13AllTriesOfARequestHaveOneId() {
    int[] left = {5};
    test.chunkservers.script =
        (target, request) ->
            left[0]-- > 0 ? new Fate.ApplyAndLose() : FakeChunkservers.GOOD.fateOf(target, request);
    test.write(0, block);
    assertThat(test.chunkservers.sent).hasSizeGreaterThan(5);
    assertThat(ids()).hasSize(1);
  }

  @Test
  void rule13AWriteThatArrivesAfterItsRetryAndANewerWriteIsRefused() {
    byte[] newer = test.bytes(Geometry.BLOCK_BYTES);
    boolean[] first = {true};
    test.chunkservers.script =
        (target, request) -> {
          if (first[0]) {
            first[0] = false;
            return new Fate.Hold();
          }
          return FakeChunkservers.GOOD.fateOf(target, request);
        };
    test.write(0, block);
    test.write(0, newer);
    test.loop.advance(Duration.ofSeconds(30));
    assertThat(test.chunkservers.heldCount()).isEqualTo(1);
    test.chunkservers.releaseHeld();
    test.loop.advance(Duration.ofSeconds(1));
    assertThat(test.chunkservers.duplicatesRefused).isEqualTo(1);
    assertThat(test.read(0, newer.length)).isEqualTo(newer);
  }

  @Test
  void rule17DamageOnTheWayIsReadAgainAndCounted() {
    int[] left = {3};
    test.chunkservers.script =
        (target, request) -> {
          if (left[0]-- <= 0) {
            return FakeChunkservers.GOOD.fateOf(target, request);
          }
          ByteBuffer damaged = ByteBuffer.wrap(block.clone());
          damaged.put(100, (byte) (damaged.get(100) ^ 4));
          int[] checksums = BlockChecksum.ofBlocks(ByteBuffer.wrap(block));
          return new Fate.Answer(
              left[0] == 0
                  ? new DataReply.Data(damaged.slice(0, 512), checksums)
                  : new DataReply.Data(damaged, checksums));
        };
    assertThat(test.read(0, block.length)).isEqualTo(block);
    assertThat(test.retries("checksum")).isEqualTo(3);
  }

  @ParameterizedTest
  @EnumSource(names = {"DATA_LOST", "INVALID_ARGUMENT", "UNSUPPORTED"})
  void finalErrorsEndTheirRequestOnly(ErrorCode code) {
    test.chunkservers.script =
        (target, request) ->
            request.operation() instanceof DataRequest.Read read && read.offset() == 0
                ? new Fate.Answer(FakeChunkservers.failed(code, Optional.empty()))
                : FakeChunkservers.GOOD.fateOf(target, request);
    assertThat(test.awaitFailure(test.volume.read(0, ByteBuffer.allocate(4096)))).isEqualTo(code);
    assertThat(test.awaitFailure(test.volume.write(100, ByteBuffer.allocate(12)))).isEqualTo(code);
    test.write(Geometry.BLOCK_BYTES, block);
    assertThat(test.read(Geometry.BLOCK_BYTES, block.length)).isEqualTo(block);
  }

  @Test
  void aLateSuccessOfAnEarlierTryCounts() {
    boolean[] first = {true};
    test.chunkservers.script =
        (target, request) -> {
          if (first[0]) {
            first[0] = false;
            return new Fate.Hold();
          }
          return new Fate.Lose();
        };
    CompletableFuture<Void> write =
        test.volume.write(0, ByteBuffer.wrap(block)).toCompletableFuture();
    test.loop.advance(Duration.ofSeconds(5));
    assertThat(write).isNotDone();
    test.chunkservers.releaseHeld();
    test.loop.advance(Duration.ZERO);
    assertThat(write).isCompleted();
  }

  @Test
  void rule26TheTimeThatRemainsIsSentAndGrowsWithSilence() {
    int[] left = {4};
    test.chunkservers.script =
        (target, request) ->
            left[0]-- > 0 ? new Fate.Lose() : FakeChunkservers.GOOD.fateOf(target, request);
    test.write(0, block);
    assertThat(
            test.chunkservers.sent.stream()
                .limit(5)
                .map(sent -> sent.request().context().remaining()))
        .containsExactly(
            Duration.ofSeconds(2),
            Duration.ofSeconds(4),
            Duration.ofSeconds(8),
            Duration.ofSeconds(8),
            Duration.ofSeconds(8));
  }

  private List<RequestId> ids() {
    return test.chunkservers.sent.stream()
        .map(sent -> sent.request().context().id())
        .distinct()
        .toList();
  }
}
