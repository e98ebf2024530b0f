package io.kurve.testkit.log;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** Waits on conditions of other threads, with a deadline. */
public final class Patience {
  private static final long POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(5);

  private Patience() {}

  public static void await(String what, Duration deadline, BooleanSupplier condition) {
    if (!becomesTrue(deadline, condition)) {
      throw new AssertionError("within " + deadline + ": " + what);
    }
  }

  public static boolean becomesTrue(Duration deadline, BooleanSupplier condition) {
    long start = System.nanoTime();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() - start > deadline.toNanos()) {
        return false;
      }
      LockSupport.parkNanos(POLL_NANOS);
    }
    return true;
  }
}
