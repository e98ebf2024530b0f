package io.kurve.chunkserver.service;

import java.util.concurrent.Executor;
import java.util.function.LongSupplier;

/**
 * What all copysets of a chunkserver share at admission.
 *
 * @param io bounded: throws RejectedExecutionException when full
 */
record Doorkeeping(
    SpaceGate space, ServiceMetrics metrics, SlowLog slowLog, LongSupplier nanoTime, Executor io) {}
