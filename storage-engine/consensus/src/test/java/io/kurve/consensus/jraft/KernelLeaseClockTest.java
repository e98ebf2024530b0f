package io.kurve.consensus.jraft;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class KernelLeaseClockTest {
  private static final long PAUSE = 3_000_000_000L;

  private long monotonic = 1_000;
  private long slept;
  private int reads;

  /** The thread is paused after its nth look at a clock. */
  private long suspended(int pausedAfter) {
    reads = 0;
    return KernelLeaseClock.suspendedNanos(
        () -> look(monotonic, pausedAfter), () -> look(monotonic + slept, pausedAfter));
  }

  private long look(long time, int pausedAfter) {
    monotonic += ++reads == pausedAfter ? PAUSE : 1;
    return time;
  }

  @Test
  void rule14APauseBetweenTheClocksIsNoSleep() {
    for (int pausedAfter = 1; pausedAfter <= 6; pausedAfter++) {
      assertThat(suspended(pausedAfter)).isBetween(-10L, 10L);
    }
    slept = PAUSE;
    assertThat(suspended(0)).isBetween(PAUSE - 10, PAUSE + 10);
  }

  @Test
  void theKernelsClocksAreRead() {
    KernelLeaseClock clock = new KernelLeaseClock();
    long before = clock.suspendedNanos();
    assertThat(before).isGreaterThan(-1_000_000);
    assertThat(clock.suspendedNanos()).isGreaterThanOrEqualTo(before - 1_000_000);
  }
}
