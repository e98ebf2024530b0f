package com.lmax.disruptor;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A bounded queue of events that are made once. Any thread publishes; one virtual thread handles
 * them in their order, and parks when there are none.
 *
 * <pre>
 *              handled        published
 *                 |               |
 *   ... free ...  v   x   x   x   v  ... free ...
 *                     ^ handler takes all of these as one batch
 * </pre>
 *
 * <p>A batch's slots are free again when all of it was handled. Two flags are raised before their
 * reason is looked at once more, so that nobody sleeps through what it waits for: {@code parked} by
 * the handler's thread, {@code crowded} by who waits for a free slot.
 */
public final class RingBuffer<E> {
  private final List<E> slots;
  private final ReentrantLock publishing = new ReentrantLock();
  private final Condition room = publishing.newCondition();
  private final AtomicBoolean parked = new AtomicBoolean();

  /** Sequences; slot {@code n} holds those that leave {@code n} when divided by the slots. */
  private volatile long published = -1;

  private volatile long handled = -1;
  private volatile boolean crowded;
  private volatile boolean stopped;
  private volatile @Nullable Thread thread;

  public RingBuffer(EventFactory<E> events, int size) {
    slots = new ArrayList<>(size);
    for (int slot = 0; slot < size; slot++) {
      slots.add(events.newInstance());
    }
  }

  /** Once. */
  public void start(
      String threadName, EventHandler<? super E> handler, ExceptionHandler<? super E> failures) {
    thread = Thread.ofVirtual().name(threadName).start(() -> handleAll(handler, failures));
  }

  /** Returns when all that was published is handled; never call it in the handler. */
  public void stop() {
    stopped = true;
    wake();
    publishing.lock();
    try {
      room.signalAll();
    } finally {
      publishing.unlock();
    }
    Thread handling = thread;
    if (handling != null) {
      awaitEnd(handling);
    }
  }

  private static void awaitEnd(Thread handling) {
    boolean interrupted = false;
    while (handling.isAlive()) {
      try {
        handling.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** Waits for a free slot. */
  public void publishEvent(EventTranslator<E> translator) {
    publishing.lock();
    try {
      while (isFull()) {
        if (stopped) {
          throw new IllegalStateException("the ring is full, and nobody empties it any more");
        }
        crowded = true;
        if (isFull() && !stopped) {
          room.awaitUninterruptibly();
        }
      }
      publish(translator);
    } finally {
      publishing.unlock();
    }
    wake();
  }

  /** False when no slot is free. */
  public boolean tryPublishEvent(EventTranslator<E> translator) {
    publishing.lock();
    try {
      if (isFull()) {
        return false;
      }
      publish(translator);
    } finally {
      publishing.unlock();
    }
    wake();
    return true;
  }

  public boolean hasAvailableCapacity(int wanted) {
    return remainingCapacity() >= wanted;
  }

  public long remainingCapacity() {
    return slots.size() - (published - handled);
  }

  public int getBufferSize() {
    return slots.size();
  }

  private boolean isFull() {
    return remainingCapacity() <= 0;
  }

  private E slot(long sequence) {
    return slots.get((int) (sequence % slots.size()));
  }

  /** By who holds the lock. */
  private void publish(EventTranslator<E> translator) {
    long sequence = published + 1;
    translator.translateTo(slot(sequence), sequence);
    published = sequence;
  }

  private void wake() {
    if (parked.get() && parked.compareAndSet(true, false)) {
      LockSupport.unpark(thread);
    }
  }

  private void handleAll(EventHandler<? super E> handler, ExceptionHandler<? super E> failures) {
    long next = 0;
    while (true) {
      long last = published;
      if (next <= last) {
        handleBatch(next, last, handler, failures);
        next = last + 1;
      } else if (stopped) {
        return;
      } else {
        parked.set(true);
        if (next > published && !stopped) {
          LockSupport.park(this);
        }
        parked.set(false);
      }
    }
  }

  private void handleBatch(
      long first,
      long last,
      EventHandler<? super E> handler,
      ExceptionHandler<? super E> failures) {
    for (long sequence = first; sequence <= last; sequence++) {
      E event = slot(sequence);
      try {
        handler.onEvent(event, sequence, sequence == last);
      } catch (Throwable failure) {
        failures.handleEventException(failure, sequence, event);
      }
    }
    handled = last;
    if (crowded) {
      publishing.lock();
      try {
        crowded = false;
        room.signalAll();
      } finally {
        publishing.unlock();
      }
    }
  }
}
