package io.kurve.testkit.disk;

import io.kurve.core.disk.Disk;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** A disk whose syncs and durable writes hang while the test wants them to; reads go on. */
public final class StallingDisk implements Disk {
  private static final Duration DEADLINE = Duration.ofSeconds(20);

  private final Disk disk;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private boolean stalled;
  private boolean syncsStalled;
  private int waiting;
  private long durableWrites;

  public StallingDisk(Disk disk) {
    this.disk = disk;
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
  public String name() {
    return disk.name();
  }

  @Override
  public long sizeBytes() {
    return disk.sizeBytes();
  }

  @Override
  public void read(long offset, ByteBuffer target) throws IOException {
    disk.read(offset, target);
  }

  @Override
  public void write(long offset, ByteBuffer source) throws IOException {
    disk.write(offset, source);
  }

  @Override
  public void sync() throws IOException {
    hangWhileStalled(true);
    disk.sync();
  }

  @Override
  public void writeDurably(long offset, ByteBuffer source) throws IOException {
    hangWhileStalled(false);
    disk.writeDurably(offset, source);
  }

  @Override
  public void readDirect(long offset, ByteBuffer target) throws IOException {
    disk.readDirect(offset, target);
  }

  @Override
  public void close() throws IOException {
    disk.close();
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
