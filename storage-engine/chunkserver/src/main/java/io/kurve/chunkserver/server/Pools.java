package io.kurve.chunkserver.server;

import io.kurve.chunkserver.service.ServicePools;
import io.kurve.core.failure.FaultHandler;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** The chunkserver's own threads; what escapes from their work goes to the fault handler. */
final class Pools implements AutoCloseable {
  private static final Duration LAST_WORK = Duration.ofSeconds(2);

  private final ThreadPoolExecutor io;
  private final ThreadPoolExecutor repairs;
  private final ThreadPoolExecutor checkpoints;

  Pools(FaultHandler faults) {
    io = pool("disk-io", 4, 2048, faults);
    repairs = pool("repair", 1, 256, faults);
    checkpoints = pool("checkpoint", 16, 4096, faults);
  }

  private static ThreadPoolExecutor pool(String name, int threads, int queue, FaultHandler faults) {
    ThreadPoolExecutor pool =
        new ThreadPoolExecutor(
            threads,
            threads,
            30,
            TimeUnit.SECONDS,
            new ArrayBlockingQueue<>(queue),
            Thread.ofPlatform()
                .daemon()
                .name(name + "-", 0)
                .uncaughtExceptionHandler((thread, cause) -> {
                  throw faults.halt(thread.getName() + " failed", cause);
                })
                .factory());
    pool.allowCoreThreadTimeOut(true);
    return pool;
  }

  ServicePools service() {
    return new ServicePools(io, repairs, Pools::await, System::nanoTime);
  }

  static void await(CompletionStage<?> end, Duration atMost) throws InterruptedException {
    try {
      var unused = end.toCompletableFuture().get(atMost.toNanos(), TimeUnit.NANOSECONDS);
    } catch (ExecutionException | TimeoutException e) {
      // The one who waits looks for himself how things are.
    }
  }

  /** One thread a copyset that takes a checkpoint, so that they can share the store's. */
  ThreadPoolExecutor checkpoints() {
    return checkpoints;
  }

  @Override
  public void close() throws InterruptedException {
    List<ThreadPoolExecutor> all = List.of(io, repairs, checkpoints);
    all.forEach(ThreadPoolExecutor::shutdownNow);
    for (ThreadPoolExecutor pool : all) {
      boolean unused = pool.awaitTermination(LAST_WORK.toMillis(), TimeUnit.MILLISECONDS);
    }
  }
}
