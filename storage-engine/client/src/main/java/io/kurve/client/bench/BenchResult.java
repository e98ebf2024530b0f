package io.kurve.client.bench;

import java.time.Duration;

/**
 * @param took from the first request to the end of the last
 * @param errors requests that failed; they are not in the latencies
 */
public record BenchResult(BenchPlan plan, Duration took, LatencyHistogram latencies, long errors) {
  private static final double NANOS_PER_SECOND = 1e9;

  public double iops() {
    return latencies.count() * NANOS_PER_SECOND / took.toNanos();
  }

  public double bytesPerSecond() {
    return iops() * plan.blockBytes();
  }

  public double p50Micros() {
    return latencies.quantileNanos(0.50) / 1e3;
  }

  public double p99Micros() {
    return latencies.quantileNanos(0.99) / 1e3;
  }
}
