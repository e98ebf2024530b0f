package io.kurve.chunkserver.service;

import io.kurve.core.id.CopysetKey;
import io.kurve.core.id.RequestId;
import java.time.Duration;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Logs slow requests, at most a hundred in ten seconds: an overload must not become one of the log,
 * too.
 */
final class SlowLog {
  private static final Logger log = LoggerFactory.getLogger(SlowLog.class);
  private static final long WINDOW_NANOS = Duration.ofSeconds(10).toNanos();
  private static final int LINES_A_WINDOW = 100;

  private final long limitNanos;
  private final ServiceMetrics metrics;

  /** Guards what follows. */
  private final ReentrantLock lock = new ReentrantLock();

  private long windowBegan;
  private int lines;
  private long unsaid;

  SlowLog(Duration limit, ServiceMetrics metrics) {
    this.limitNanos = limit.toNanos();
    this.metrics = metrics;
  }

  boolean isSlow(long nanos) {
    return nanos >= limitNanos;
  }

  /**
   * @param what took the time, in words
   */
  void say(RequestId id, CopysetKey copyset, String what, long nowNanos) {
    metrics.slowRequest();
    long others;
    lock.lock();
    try {
      if (lines == 0 || nowNanos - windowBegan >= WINDOW_NANOS) {
        windowBegan = nowNanos;
        lines = 0;
      }
      if (lines == LINES_A_WINDOW) {
        unsaid++;
        return;
      }
      lines++;
      others = unsaid;
      unsaid = 0;
    } finally {
      lock.unlock();
    }
    log.warn(
        "slow request {} in {}: {}{}",
        id,
        copyset,
        what,
        others == 0 ? "" : "; " + others + " more since the last such line");
  }
}
