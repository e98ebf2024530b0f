package com.lmax.disruptor;

/** Makes the events that a ring is filled with once, and which are used again and again. */
@FunctionalInterface
public interface EventFactory<T> {
  T newInstance();
}
