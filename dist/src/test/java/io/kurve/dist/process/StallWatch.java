package io.kurve.dist.process;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;

/** Notes for how long at most a count stood still, from its start until it is closed. */
final class StallWatch implements AutoCloseable {
  interface Count {
    long now() throws Exception;
  }

  private static final Duration PERIOD = Duration.ofMillis(10);

  private final Count count;
  private final Thread thread;
  private volatile boolean over;
  private volatile long longestNanos;

  private StallWatch(Count count) {
    this.count = count;
    this.thread = Thread.ofPlatform().name("stall-watch").unstarted(this::run);
  }

  static StallWatch of(Count count) {
    StallWatch watch = new StallWatch(count);
    watch.thread.start();
    return watch;
  }

  private void run() {
    try {
      long last = count.now();
      long since = System.nanoTime();
      while (!over) {
        LockSupport.parkNanos(PERIOD.toNanos());
        long current = count.now();
        long time = System.nanoTime();
        longestNanos = Math.max(longestNanos, time - since);
        if (current != last) {
          last = current;
          since = time;
        }
      }
    } catch (Exception e) { // the thread's top level: what was not watched counts as a stall
      longestNanos = Long.MAX_VALUE;
      throw new IllegalStateException("watching failed", e);
    }
  }

  /** Ends the watch. */
  Duration longest() throws InterruptedException {
    close();
    return Duration.ofNanos(longestNanos);
  }

  @Override
  public void close() throws InterruptedException {
    over = true;
    thread.join();
  }
}
