package io.kurve.core.metadata;

import java.math.BigDecimal;
import java.time.Duration;

/**
 * What holds for all volumes of a cluster.
 *
 * @param overcommitPercent what the sizes of all volumes together may have of what the pool holds:
 *     100 means that each of them can be written full
 * @param retention how long a deleted volume can be had back; zero: not at all
 */
public record VolumePolicy(int overcommitPercent, Duration retention) {
  public static final int MIN_OVERCOMMIT_PERCENT = 10;
  public static final int MAX_OVERCOMMIT_PERCENT = 10_000;
  public static final Duration MAX_RETENTION = Duration.ofDays(3650);

  public static final VolumePolicy STANDARD = new VolumePolicy(100, Duration.ofHours(24));

  public VolumePolicy {
    if (overcommitPercent < MIN_OVERCOMMIT_PERCENT || overcommitPercent > MAX_OVERCOMMIT_PERCENT) {
      throw new IllegalArgumentException(
          "an overcommit of "
              + overcommitPercent
              + " % is not between "
              + MIN_OVERCOMMIT_PERCENT
              + " % and "
              + MAX_OVERCOMMIT_PERCENT
              + " %");
    }
    checkRetention(retention);
  }

  /**
   * A factor as people write it: {@code 1}, {@code 1.5}.
   *
   * @throws IllegalArgumentException when it is none, or has more than two places
   */
  public static int overcommitPercent(String factor) {
    try {
      return new BigDecimal(factor.strip()).movePointRight(2).intValueExact();
    } catch (ArithmeticException | NumberFormatException e) {
      throw new IllegalArgumentException(
          "'" + factor + "' is no factor of overcommit: write a number such as 1 or 1.5", e);
    }
  }

  /** Whole milliseconds, from none to ten years. */
  public static void checkRetention(Duration retention) {
    if (retention.isNegative()
        || retention.compareTo(MAX_RETENTION) > 0
        || retention.toNanosPart() % 1_000_000 != 0) {
      throw new IllegalArgumentException(
          "a retention of " + retention + " is not possible: give 0 to 3650 days");
    }
  }

  /** What volumes may have together on a pool that holds so much. */
  public long limitBytes(long poolBytes) {
    return Math.addExact(
        Math.multiplyExact(poolBytes / 100, overcommitPercent),
        poolBytes % 100 * overcommitPercent / 100);
  }
}
