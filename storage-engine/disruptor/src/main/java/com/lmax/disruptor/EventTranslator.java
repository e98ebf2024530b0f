package com.lmax.disruptor;

/** Fills in an event before it is published. */
@FunctionalInterface
public interface EventTranslator<T> {
  void translateTo(T event, long sequence);
}
