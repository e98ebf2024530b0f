package com.lmax.disruptor.dsl;

import com.lmax.disruptor.EventFactory;
import com.lmax.disruptor.EventHandler;
import com.lmax.disruptor.ExceptionHandler;
import com.lmax.disruptor.RingBuffer;
import com.lmax.disruptor.WaitStrategy;
import java.util.concurrent.ThreadFactory;
import org.jspecify.annotations.Nullable;

/** A ring, its one handler, and the virtual thread that brings them together. */
public final class Disruptor<T> {
  private final RingBuffer<T> ring;
  private final String threadName;
  private @Nullable EventHandler<? super T> handler;
  private @Nullable ExceptionHandler<? super T> failures;

  /**
   * @param threads only asked for a name
   */
  public Disruptor(
      EventFactory<T> events,
      int slots,
      ThreadFactory threads,
      ProducerType producers,
      WaitStrategy waiting) {
    ring = new RingBuffer<>(events, slots);
    threadName = threads.newThread(() -> {}).getName();
  }

  @SafeVarargs
  public final EventHandlerGroup<T> handleEventsWith(EventHandler<? super T>... handlers) {
    if (handlers.length != 1 || handler != null) {
      throw new UnsupportedOperationException("a ring has one handler");
    }
    handler = handlers[0];
    return new EventHandlerGroup<>(handlers[0]);
  }

  public void setDefaultExceptionHandler(ExceptionHandler<? super T> handler) {
    failures = handler;
  }

  public RingBuffer<T> start() {
    EventHandler<? super T> events = handler;
    ExceptionHandler<? super T> thrown = failures;
    if (events == null || thrown == null) {
      throw new IllegalStateException("a ring is started with both of its handlers");
    }
    ring.start(threadName, events, thrown);
    return ring;
  }

  /** Returns when what was published is handled: jraft closes what handlers use after it. */
  public void shutdown() {
    ring.stop();
  }
}
