package io.kurve.chunkserver.service;

import io.kurve.core.id.CopysetKey;
import io.kurve.core.id.RequestId;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Logs slow requests, at most ten a second: an overload must not become one of the log, too. */
final class SlowLog {
  private static final Logger log = LoggerFactory.getLogger(SlowLog.class);
  private static final long INTERVAL_NANOS = Duration.ofMillis(100).toNanos();

  private final long limitNanos;
  private final ServiceMetrics metrics;
  private final AtomicLong nextNanos = new AtomicLong(Long.MIN_VALUE);
  private final AtomicLong unsaid = new AtomicLong();

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
    long next = nextNanos.get();
    if ((next != Long.MIN_VALUE && nowNanos - next < 0)
        || !nextNanos.compareAndSet(next, nowNanos + INTERVAL_NANOS)) {
      unsaid.incrementAndGet();
      return;
    }
    long others = unsaid.getAndSet(0);
    log.warn(
        "slow request {} in {}: {}{}",
        id,
        copyset,
        what,
        others == 0 ? "" : "; " + others + " more since the last such line");
  }
}
