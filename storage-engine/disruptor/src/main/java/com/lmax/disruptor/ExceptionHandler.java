package com.lmax.disruptor;

/** Is told what an {@link EventHandler} threw. The ring goes on with the next event. */
public interface ExceptionHandler<T> {
  void handleEventException(Throwable failure, long sequence, T event);

  /** Never called: nothing is started that could fail. jraft implements it. */
  void handleOnStartException(Throwable failure);

  /** Never called, as above. */
  void handleOnShutdownException(Throwable failure);
}
