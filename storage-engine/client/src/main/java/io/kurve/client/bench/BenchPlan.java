package io.kurve.client.bench;

import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import java.time.Duration;

/**
 * What to measure.
 *
 * @param depth requests in flight at any time; those of READ and WRITE take the next block each, in
 *     one order for all of them
 * @param areaBytes from the start of the volume; requests stay inside
 * @param once READ and WRITE end at the end of the area instead of going on at its start
 */
public record BenchPlan(
    Pattern pattern, int blockBytes, int depth, Duration duration, long areaBytes, boolean once) {
  public enum Pattern {
    RANDREAD,
    RANDWRITE,
    READ,
    WRITE;

    boolean isRead() {
      return this == RANDREAD || this == READ;
    }

    boolean isRandom() {
      return this == RANDREAD || this == RANDWRITE;
    }
  }

  public BenchPlan {
    if (blockBytes < 1 || depth < 1 || areaBytes < blockBytes || !duration.isPositive()) {
      throw new KurveException(
          ErrorCode.INVALID_ARGUMENT,
          "can't measure %d requests of %d bytes at once in %d bytes for %s"
              .formatted(depth, blockBytes, areaBytes, duration),
          "use positive figures, and a block size that fits into the volume");
    }
  }
}
