package io.kurve.dist.process;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;

/** Waits for a condition of another process, at most so long. */
final class Deadline {
  interface Condition {
    boolean holds() throws Exception;
  }

  private Deadline() {}

  static void await(Duration limit, String what, Condition condition) throws Exception {
    long end = System.nanoTime() + limit.toNanos();
    while (!condition.holds()) {
      if (System.nanoTime() > end) {
        throw new AssertionError("after " + limit + " still not: " + what);
      }
      LockSupport.parkNanos(Duration.ofMillis(50).toNanos());
    }
  }
}
