package io.kurve.client.volume;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kurve.client.bench.BenchPlan;
import io.kurve.client.bench.BenchPlan.Pattern;
import io.kurve.client.bench.BenchResult;
import io.kurve.client.bench.BenchRun;
import io.kurve.core.data.DataRequest;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.RequestId;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class BenchRunTest {
  private static final int BLOCK = 4096;
  private static final long AREA = (5 << 20) + 8192;

  private final TestVolume test = new TestVolume();
  private final BenchRun bench = new BenchRun(test.volume, test.loop::nanoTime, test.random);

  @ParameterizedTest
  @EnumSource
  void theDepthIsKeptForTheDuration(Pattern pattern) {
    assertThat(test.await(bench.prefill(AREA))).isZero();
    test.chunkservers.sent.clear();
    BenchResult result =
        test.await(bench.run(new BenchPlan(pattern, BLOCK, 8, Duration.ofSeconds(1), AREA, false)));
    // Each takes 0.5 ms, and overlapping ones wait for each other.
    assertThat(result.iops()).isBetween(8_000.0, 16_100.0);
    assertThat(result.p50Micros()).isBetween(495.0, 510.0);
    assertThat(result.p99Micros()).isLessThan(1_600);
    assertThat(result.bytesPerSecond()).isEqualTo(result.iops() * BLOCK);
    assertThat(result.errors()).isZero();
    assertThat(test.chunkservers.sent)
        .hasSize((int) result.latencies().count())
        .allSatisfy(sent ->
            assertThat(sent.request().operation() instanceof DataRequest.Read)
                .isEqualTo(pattern == Pattern.READ || pattern == Pattern.RANDREAD));
  }

  @Test
  void aPrefillWritesEveryByteOnce() {
    assertThat(test.await(bench.prefill(AREA))).isZero();
    Map<RequestId, Integer> lengths = new TreeMap<>();
    test.chunkservers.sent.forEach(
        sent -> lengths.put(sent.request().context().id(), sent.request().operation().length()));
    assertThat(lengths.values().stream().mapToLong(Integer::longValue).sum()).isEqualTo(AREA);
    assertThat(test.read(AREA - 16, 16)).isNotEqualTo(new byte[16]);
  }

  @Test
  void sequentialRequestsOfAllLanesFollowEachOtherAndEndAtTheEndWhenTheyMay() {
    assertThat(test.await(bench.prefill(AREA))).isZero();
    long before = bench.ended();
    BenchResult result =
        test.await(
            bench.run(new BenchPlan(Pattern.READ, BLOCK, 8, Duration.ofSeconds(30), AREA, true)));
    assertThat(result.latencies().count()).isEqualTo(AREA / BLOCK);
    assertThat(bench.ended() - before).isEqualTo(AREA / BLOCK);
    assertThat(result.took()).isLessThan(Duration.ofSeconds(10));
  }

  @Test
  void errorsAreCountedAndEndALaneInTheEnd() {
    assertThat(test.await(bench.prefill(AREA))).isZero();
    test.chunkservers.script =
        (target, request) ->
            new FakeChunkservers.Fate.Answer(
                FakeChunkservers.failed(ErrorCode.DATA_LOST, Optional.empty()));
    BenchResult result =
        test.await(
            bench.run(
                new BenchPlan(Pattern.RANDREAD, BLOCK, 2, Duration.ofSeconds(30), AREA, false)));
    assertThat(result.errors()).isEqualTo(200);
    assertThat(result.latencies().count()).isZero();
    assertThat(result.p99Micros()).isZero();
  }

  @Test
  void nonsenseIsRefused() {
    assertThatThrownBy(() -> new BenchPlan(Pattern.READ, 0, 1, Duration.ofSeconds(1), AREA, false))
        .isInstanceOf(KurveException.class)
        .hasMessageContaining("0 bytes");
  }
}
