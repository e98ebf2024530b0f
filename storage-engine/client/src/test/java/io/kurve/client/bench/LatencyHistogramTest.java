package io.kurve.client.bench;

import static org.assertj.core.api.Assertions.assertThat;

import io.kurve.testkit.time.SeededRandom;
import java.util.Arrays;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Test;

class LatencyHistogramTest {
  @Test
  void quantilesAreRightWithinTheirBuckets() {
    SeededRandom random = new SeededRandom(3);
    LatencyHistogram one = new LatencyHistogram();
    LatencyHistogram other = new LatencyHistogram();
    long[] all = new long[10_000];
    for (int i = 0; i < all.length; i++) {
      all[i] = 1 + random.nextLong(1L << (1 + random.nextInt(36)));
      (i % 3 == 0 ? one : other).add(all[i]);
    }
    one.add(other);
    Arrays.sort(all);
    for (double share : new double[] {0.01, 0.5, 0.9, 0.99, 0.999, 1}) {
      long exact = all[(int) Math.ceil(share * all.length) - 1];
      assertThat(one.quantileNanos(share)).isCloseTo(exact, Percentage.withPercentage(1.6));
    }
    assertThat(one.count()).isEqualTo(all.length);
    assertThat(one.largestNanos()).isEqualTo(all[all.length - 1]);
  }

  @Test
  void extremesAreCounted() {
    LatencyHistogram histogram = new LatencyHistogram();
    assertThat(histogram.quantileNanos(0.5)).isZero();
    histogram.add(-5);
    histogram.add(0);
    histogram.add(Long.MAX_VALUE);
    assertThat(histogram.quantileNanos(0.5)).isZero();
    assertThat(histogram.quantileNanos(1)).isPositive();
  }
}
