package io.kurve.consensus.jraft;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;

/**
 * How far the replica's own log is durable; apply waits here (rule 5), because raft commits on two
 * followers without asking whether the leader's own disk was as fast.
 */
final class DurableIndex {
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private volatile long index;
  private volatile boolean closed;

  DurableIndex(long index) {
    this.index = index;
  }

  long get() {
    return index;
  }

  void set(long durable) {
    lock.lock();
    try {
      index = durable;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Lets all waiters go, empty-handed. */
  void close() {
    closed = true;
    set(index);
  }

  /**
   * Asks again whenever the index changed. False when the time passed or the replica closed.
   *
   * @param reached quick; about this index
   */
  boolean await(BooleanSupplier reached, Duration deadline) throws InterruptedException {
    if (reached.getAsBoolean()) {
      return true;
    }
    long left = deadline.toNanos();
    lock.lock();
    try {
      while (!reached.getAsBoolean() && !closed && left > 0) {
        left = changed.awaitNanos(left);
      }
      return reached.getAsBoolean();
    } finally {
      lock.unlock();
    }
  }

  /** Waits a moment or until closed; for who waits for something else, too. */
  @SuppressWarnings("WaitNotInLoop")
  boolean pause(Duration moment) throws InterruptedException {
    lock.lock();
    try {
      if (!closed) {
        boolean woken = changed.await(moment.toNanos(), TimeUnit.NANOSECONDS);
        return !closed || woken;
      }
      return false;
    } finally {
      lock.unlock();
    }
  }
}
