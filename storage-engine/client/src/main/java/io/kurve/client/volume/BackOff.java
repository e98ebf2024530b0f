package io.kurve.client.volume;

import io.kurve.core.time.RandomSource;
import java.time.Duration;

/** How long to wait before the next try: doubles up to a longest, the upper half by chance. */
final class BackOff {
  private final RandomSource random;
  private final long longestNanos;
  private long nanos;

  BackOff(RandomSource random, VolumeLimits.RetryTimes times) {
    this.random = random;
    this.nanos = times.firstBackOff().toNanos();
    this.longestNanos = times.longestBackOff().toNanos();
  }

  Duration next() {
    long half = nanos / 2;
    Duration delay = Duration.ofNanos(half + random.nextLong(half + 1));
    nanos = Math.min(nanos * 2, longestNanos);
    return delay;
  }
}
