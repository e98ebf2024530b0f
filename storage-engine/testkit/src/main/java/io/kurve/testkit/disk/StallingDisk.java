package io.kurve.testkit.disk;

import io.kurve.core.disk.Disk;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** A disk whose syncs and durable writes hang while the test wants them to; reads go on. */
public final class StallingDisk extends ForwardedDisk {
  private static final Duration DEADLINE = Duration.ofSeconds(20);

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private boolean stalled;
  private boolean syncsStalled;
  private int waiting;
  private long durableWrites;

  public StallingDisk(Disk disk) {
    super(disk);
  }

  public void stall() {
    lock.lock();
    try {
      stalled = true;
    } finally {
      lock.unlock();
    }
  }

  /** Syncs only: durable writes go on. */
  public void stallSyncs() {
    lock.lock();
    try {
      syncsStalled = true;
    } finally {
      lock.unlock();
    }
  }

  public void resume() {
    lock.lock();
    try {
      stalled = false;
      syncsStalled = false;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Until some thread hangs in a sync or a durable write. */
  public void awaitHanging() throws InterruptedException {
    lock.lock();
    try {
      long leftNanos = DEADLINE.toNanos();
      while (waiting == 0) {
        leftNanos = changed.awaitNanos(leftNanos);
        if (leftNanos <= 0) {
          throw new AssertionError("nobody writes to " + name());
        }
      }
    } finally {
      lock.unlock();
    }
  }

  /** Whether some thread hangs in a sync or a durable write. */
  public boolean isHanging() {
    lock.lock();
    try {
      return waiting > 0;
    } finally {
      lock.unlock();
    }
  }

  /** How many durable writes were begun. */
  public long durableWrites() {
    lock.lock();
    try {
      return durableWrites;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void sync() throws IOException {
    hangWhileStalled(true);
    super.sync();
  }

  @Override
  public void writeDurably(long offset, ByteBuffer source) throws IOException {
    hangWhileStalled(false);
    super.writeDurably(offset, source);
  }

  private void hangWhileStalled(boolean sync) throws IOException {
    lock.lock();
    try {
      durableWrites += sync ? 0 : 1;
      long leftNanos = DEADLINE.toNanos();
      waiting++;
      changed.signalAll();
      while (stalled || (sync && syncsStalled)) {
        leftNanos = changed.awaitNanos(leftNanos);
        if (leftNanos <= 0) {
          throw new AssertionError(name() + " was never resumed");
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted while " + name() + " hung");
    } finally {
      waiting--;
      lock.unlock();
    }
  }
}
