package io.kurve.chunkserver.server;

import java.time.Duration;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;

/**
 * How fast one chunkserver takes in other replicas' blocks, over all of its copysets, so that what
 * it serves meanwhile keeps its share of disk and network. What was not used is not saved up.
 */
final class InstallPace {
  /** A rebuild of 100 GiB takes an hour; a return after a short absence is not felt. */
  static final long BYTES_PER_SECOND = 32L << 20;

  private final long bytesPerSecond;
  private final LongSupplier nanoTime;
  private final ReentrantLock lock = new ReentrantLock();
  private long freeAtNanos;

  InstallPace(long bytesPerSecond, LongSupplier nanoTime) {
    this.bytesPerSecond = bytesPerSecond;
    this.nanoTime = nanoTime;
    this.freeAtNanos = nanoTime.getAsLong();
  }

  /** How long a fetch of so many bytes has to wait before it begins. */
  Duration take(long bytes) {
    lock.lock();
    try {
      long now = nanoTime.getAsLong();
      long begin = freeAtNanos - now > 0 ? freeAtNanos : now;
      freeAtNanos = begin + bytes * Duration.ofSeconds(1).toNanos() / bytesPerSecond;
      return Duration.ofNanos(begin - now);
    } finally {
      lock.unlock();
    }
  }
}
