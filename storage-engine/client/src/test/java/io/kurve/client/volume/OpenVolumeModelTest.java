package io.kurve.client.volume;

import static org.assertj.core.api.Assertions.assertThat;

import io.kurve.client.volume.FakeChunkservers.Fate;
import io.kurve.core.data.DataReply;
import io.kurve.core.data.DataRequest;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.id.CopysetId;
import io.kurve.core.metadata.MetadataService.AccessMode;
import io.kurve.core.unit.Geometry;
import io.kurve.testkit.time.SeededRandom;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Random unaligned requests, many at once and overlapping, against a model of the bytes.
 * Overlapping requests of one volume happen in the order in which they were asked for, so the model
 * is simply changed, and read, when a request is made.
 */
class OpenVolumeModelTest {
  private static final int REQUESTS = 400;
  private static final int WINDOW_BYTES = 48 << 10;
  private static final long[] PLACES = {
    0,
    Geometry.CHUNK_BYTES - WINDOW_BYTES / 2,
    Geometry.SEGMENT_BYTES - WINDOW_BYTES / 2,
    TestVolume.SIZE - WINDOW_BYTES
  };

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4})
  void everyByteIsRightWithoutTrouble(long seed) {
    run(seed, FakeChunkservers.GOOD, AccessMode.EXCLUSIVE);
  }

  @ParameterizedTest
  @ValueSource(longs = {11, 12, 13, 14, 15, 16, 17, 18, 19, 20})
  void rule13And27EveryByteIsRightUnderLossUnknownOutcomesAndLeaderChanges(long seed) {
    run(seed, null, seed % 2 == 0 ? AccessMode.EXCLUSIVE : AccessMode.SHARED);
  }

  @ParameterizedTest
  @ValueSource(longs = {31, 32})
  void theSameSeedGivesTheSameRun(long seed) {
    assertThat(run(seed, null, AccessMode.EXCLUSIVE))
        .isEqualTo(run(seed, null, AccessMode.EXCLUSIVE));
  }

  private static List<String> run(
      long seed, FakeChunkservers.@Nullable Script script, AccessMode mode) {
    TestVolume test = new TestVolume(seed, mode, VolumeLimits.defaults());
    SeededRandom dice = new SeededRandom(seed * 31);
    if (script == null) {
      test.chunkservers.script = trouble(test, dice.fork());
      SeededRandom mdsDice = dice.fork();
      test.mds.trouble = () -> metadataTrouble(mdsDice);
    } else {
      test.chunkservers.script = script;
    }
    SparseImage model = new SparseImage();
    List<Pending> pending = new ArrayList<>();
    for (int i = 0; i < REQUESTS; i++) {
      pending.add(request(test, model, dice));
      if (dice.chance(3)) {
        test.loop.advance(Duration.ofMillis(dice.nextInt(20)));
      }
      if (dice.chance(40)) {
        pending.forEach(p -> p.check(test));
        pending.clear();
      }
    }
    pending.forEach(p -> p.check(test));
    for (long place : PLACES) {
      assertThat(test.read(place, WINDOW_BYTES)).isEqualTo(model.read(place, WINDOW_BYTES));
    }
    test.end(test.volume.close());
    return test.chunkservers.sent.stream()
        .map(sent -> sent.atNanos() + " " + sent.target() + " " + sent.request().context().id())
        .toList();
  }

  private static Pending request(TestVolume test, SparseImage model, SeededRandom dice) {
    long place = PLACES[dice.nextInt(PLACES.length)];
    int skip = dice.nextInt(WINDOW_BYTES - 1);
    int length = 1 + dice.nextInt(dice.chance(2) ? 600 : WINDOW_BYTES - skip);
    length = Math.min(length, WINDOW_BYTES - skip);
    if (dice.chance(3)) {
      skip -= skip % Geometry.BLOCK_BYTES;
      length = Math.min(WINDOW_BYTES - skip, 2 * Geometry.BLOCK_BYTES);
    }
    long offset = place + skip;
    return switch (dice.nextInt(5)) {
      case 0 -> {
        long wide =
            dice.chance(4)
                ? Math.min(TestVolume.SIZE - offset, 3L * Geometry.CHUNK_BYTES + 77)
                : length;
        model.zero(offset, wide);
        yield new Pending(
            dice.chance(2)
                ? test.volume.discard(offset, wide).toCompletableFuture()
                : test.volume.writeZeroes(offset, wide).toCompletableFuture(),
            ByteBuffer.allocate(0),
            new byte[0]);
      }
      case 1, 2 -> {
        ByteBuffer target =
            dice.chance(2) ? ByteBuffer.allocateDirect(length) : ByteBuffer.allocate(length);
        yield new Pending(
            test.volume.read(offset, target).toCompletableFuture(),
            target,
            model.read(offset, length));
      }
      default -> {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
          bytes[i] = (byte) dice.nextInt(256);
        }
        model.write(offset, ByteBuffer.wrap(bytes));
        yield new Pending(
            test.volume.write(offset, ByteBuffer.wrap(bytes)).toCompletableFuture(),
            ByteBuffer.allocate(0),
            new byte[0]);
      }
    };
  }

  private record Pending(CompletableFuture<Void> stage, ByteBuffer target, byte[] expected) {
    void check(TestVolume test) {
      test.end(stage);
      assertThat(target).isEqualTo(ByteBuffer.wrap(expected));
    }
  }

  private static FakeChunkservers.Script trouble(TestVolume test, SeededRandom dice) {
    return (target, request) -> {
      if (dice.chance(30)) {
        test.chunkservers.lead(
            new CopysetId(1 + dice.nextInt(FakeChunkservers.COPYSETS)),
            dice.nextInt(FakeChunkservers.SERVERS));
      }
      return dice.chance(3)
          ? fate(request, dice)
          : new Fate.Deliver(Duration.ofNanos(dice.nextInt(5_000_000)));
    };
  }

  private static Fate fate(DataRequest request, SeededRandom dice) {
    return switch (dice.nextInt(11)) {
      case 0 -> new Fate.Lose();
      case 1 -> new Fate.ApplyAndLose();
      case 2 -> answer(ErrorCode.UNKNOWN_OUTCOME);
      case 3 ->
          new Fate.ApplyAndAnswer(
              FakeChunkservers.failed(ErrorCode.UNKNOWN_OUTCOME, Optional.empty()));
      case 4 -> answer(ErrorCode.OVERLOAD);
      case 5 -> answer(ErrorCode.NOT_LEADER);
      case 6 -> answer(ErrorCode.UNAVAILABLE);
      case 7 -> answer(ErrorCode.INTERNAL);
      case 8 ->
          new Fate.Answer(
              FakeChunkservers.failed(
                  ErrorCode.NOT_LEADER,
                  Optional.of(
                      FakeChunkservers.member(dice.nextInt(FakeChunkservers.SERVERS)).replica())));
      case 9 ->
          request.operation() instanceof DataRequest.Read read
              ? new Fate.Answer(
                  new DataReply.Data(
                      ByteBuffer.allocate(read.length()),
                      new int[read.length() / Geometry.BLOCK_BYTES]))
              : new Fate.Lose();
      default -> new Fate.Twice(Duration.ofMillis(1 + dice.nextInt(9_000)));
    };
  }

  private static Fate answer(ErrorCode code) {
    return new Fate.Answer(FakeChunkservers.failed(code, Optional.empty()));
  }

  private static Optional<FakeMds.Trouble> metadataTrouble(SeededRandom dice) {
    return switch (dice.nextInt(6)) {
      case 0 ->
          Optional.of(new FakeMds.Trouble(dice.chance(2), Optional.of(ErrorCode.UNKNOWN_OUTCOME)));
      case 1 -> Optional.of(new FakeMds.Trouble(false, Optional.of(ErrorCode.NOT_LEADER)));
      case 2 -> Optional.of(new FakeMds.Trouble(dice.chance(2), Optional.empty()));
      default -> Optional.empty();
    };
  }
}
