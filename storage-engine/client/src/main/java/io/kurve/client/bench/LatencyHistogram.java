package io.kurve.client.bench;

/**
 * Counts times in buckets whose width grows with the time: 64 for each power of two, so that a
 * quantile is right within 1.6 %.
 */
public final class LatencyHistogram {
  private static final int SUB_BITS = 6;
  private static final int SUBS = 1 << SUB_BITS;
  private static final int LARGEST_EXPONENT = 42;

  private final long[] counts = new long[(LARGEST_EXPONENT - SUB_BITS + 2) * SUBS];
  private long total;
  private long largestNanos;

  public void add(long nanos) {
    long bounded = Math.clamp(nanos, 0, (1L << (LARGEST_EXPONENT + 1)) - 1);
    counts[bucket(bounded)]++;
    total++;
    largestNanos = Math.max(largestNanos, nanos);
  }

  public void add(LatencyHistogram other) {
    for (int i = 0; i < counts.length; i++) {
      counts[i] += other.counts[i];
    }
    total += other.total;
    largestNanos = Math.max(largestNanos, other.largestNanos);
  }

  public long count() {
    return total;
  }

  public long largestNanos() {
    return largestNanos;
  }

  /**
   * @param share in (0, 1]: 0.99 for the time within which 99 of 100 ended
   * @return 0 when nothing was counted
   */
  public long quantileNanos(double share) {
    long wanted = (long) Math.ceil(share * total);
    long seen = 0;
    for (int bucket = 0; bucket < counts.length; bucket++) {
      seen += counts[bucket];
      if (seen >= wanted && seen > 0) {
        return Math.min(upperEnd(bucket), largestNanos);
      }
    }
    return 0;
  }

  private static int bucket(long nanos) {
    if (nanos < SUBS) {
      return (int) nanos;
    }
    int exponent = 63 - Long.numberOfLeadingZeros(nanos);
    int sub = (int) (nanos >>> (exponent - SUB_BITS)) & (SUBS - 1);
    return (exponent - SUB_BITS + 1) * SUBS + sub;
  }

  private static long upperEnd(int bucket) {
    if (bucket < SUBS) {
      return bucket;
    }
    int shift = bucket / SUBS - 1;
    return ((long) (SUBS + bucket % SUBS + 1) << shift) - 1;
  }
}
