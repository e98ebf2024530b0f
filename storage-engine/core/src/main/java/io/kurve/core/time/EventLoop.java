package io.kurve.core.time;

import java.time.Duration;
import java.util.concurrent.Executor;

/**
 * The one thread of a core, its clock and its timers.
 *
 * <p>A core is called on its loop only and calls out on it only; so it needs no lock and runs the
 * same on a real thread and in the simulated world.
 */
public interface EventLoop extends Executor {
  /** Monotonic, from an arbitrary origin. */
  long nanoTime();

  /** Runs the task on this loop after the delay; exceptions from it go to the fault handler. */
  Timer schedule(Duration delay, Runnable task);

  /** True on the loop's own thread. */
  boolean inLoop();

  /** A pending task. */
  interface Timer {
    /** Without effect when the task ran already. */
    void cancel();
  }
}
