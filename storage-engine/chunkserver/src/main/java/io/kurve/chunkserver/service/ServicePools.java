package io.kurve.chunkserver.service;

import java.util.concurrent.Executor;
import java.util.function.LongSupplier;

/**
 * Threads and clock that the service runs on. Both executors are bounded: they throw
 * RejectedExecutionException when full.
 *
 * @param io for short work on the disk
 * @param repairs for work that waits for other chunkservers
 * @param nanoTime monotonic
 */
public record ServicePools(Executor io, Executor repairs, LongSupplier nanoTime) {}
