package com.lmax.disruptor;

/** Is given a ring's events, one after the other. */
@FunctionalInterface
public interface EventHandler<T> {
  /**
   * @param endOfBatch nothing else was published when this one was taken
   */
  void onEvent(T event, long sequence, boolean endOfBatch) throws Exception;
}
