package io.kurve.cli.bench;

import java.util.Arrays;

/** Durations of one thread's operations, for exact percentiles. */
final class Latencies {
  private long[] nanos = new long[1 << 16];
  private int count;

  void add(long nanosTaken) {
    if (count == nanos.length) {
      nanos = Arrays.copyOf(nanos, count * 2);
    }
    nanos[count++] = nanosTaken;
  }

  void addAll(Latencies others) {
    for (int i = 0; i < others.count; i++) {
      add(others.nanos[i]);
    }
  }

  int count() {
    return count;
  }

  /** In microseconds; 0 when nothing was measured. */
  double percentileMicros(double percent) {
    if (count == 0) {
      return 0;
    }
    long[] sorted = Arrays.copyOf(nanos, count);
    Arrays.sort(sorted);
    return sorted[Math.min(count - 1, (int) (count * percent / 100))] / 1000.0;
  }
}
