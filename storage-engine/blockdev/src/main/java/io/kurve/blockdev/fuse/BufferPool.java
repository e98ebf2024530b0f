package io.kurve.blockdev.fuse;

import io.kurve.blockdev.posix.Posix;
import io.kurve.blockdev.posix.PosixException;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A fixed number of request buffers. A reader without one waits, and so do the kernel's requests:
 * that is the back-pressure. The one returned last is taken first, so a device that is never busy
 * touches little memory.
 */
final class BufferPool {
  /** Guards the free ones. */
  private final ReentrantLock lock = new ReentrantLock();

  private final Condition changed = lock.newCondition();
  private final ArrayDeque<RequestBuffer> free;
  private final int capacity;
  private boolean closed;

  BufferPool(Posix posix, FuseLimits limits) throws PosixException {
    this.capacity = limits.buffers();
    this.free = new ArrayDeque<>(capacity);
    long each = RequestBuffer.bytesFor(limits);
    MemorySegment memory = posix.mapPages(each * capacity);
    for (int i = capacity - 1; i >= 0; i--) {
      free.push(new RequestBuffer(memory.asSlice(i * each, each)));
    }
  }

  /**
   * Waits while all are in use: under a stall for as long as that lasts.
   *
   * @return null when the pool is closed
   */
  @Nullable RequestBuffer take() {
    lock.lock();
    try {
      while (free.isEmpty() && !closed) {
        changed.awaitUninterruptibly();
      }
      return closed ? null : free.pop();
    } finally {
      lock.unlock();
    }
  }

  void giveBack(RequestBuffer buffer) {
    lock.lock();
    try {
      free.push(buffer);
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /**
   * @return false when more than the given number are still in use at the deadline
   */
  boolean awaitInUseAtMost(int count, Duration deadline) throws InterruptedException {
    long nanos = deadline.toNanos();
    lock.lock();
    try {
      while (capacity - free.size() > count) {
        if (nanos <= 0) {
          return false;
        }
        nanos = changed.awaitNanos(nanos);
      }
      return true;
    } finally {
      lock.unlock();
    }
  }

  int inUse() {
    lock.lock();
    try {
      return capacity - free.size();
    } finally {
      lock.unlock();
    }
  }

  /** Wakes those that wait; nobody gets a buffer any more. */
  void close() {
    lock.lock();
    try {
      closed = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }
}
