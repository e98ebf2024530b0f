package io.kurve.chunkserver.service;

import java.time.Duration;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.function.LongSupplier;

/**
 * Threads and clock that the service runs on. Both executors are bounded: they throw
 * RejectedExecutionException when full.
 *
 * @param io for short work on the disk
 * @param repairs for work that waits for other chunkservers
 * @param waiting for a thread that can't go on without others
 * @param nanoTime monotonic
 */
public record ServicePools(Executor io, Executor repairs, Waiting waiting, LongSupplier nanoTime) {
  /** Lets other threads work. */
  @FunctionalInterface
  public interface Waiting {
    /** Until the stage has ended, well or not, or the time is over. */
    void await(CompletionStage<?> end, Duration atMost) throws InterruptedException;
  }
}
