package io.kurve.chunkserver.server;

import io.kurve.core.metadata.ChunkserverRegistry;
import io.kurve.core.metadata.ChunkserverRegistry.Newcomer;
import io.kurve.core.metadata.ChunkserverRegistry.Registration;
import io.kurve.core.time.RandomSource;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Registers a store with the MDS until it is confirmed. Before that no replica of the store runs:
 * it neither votes nor serves.
 */
final class Enrolment {
  private static final Logger log = LoggerFactory.getLogger(Enrolment.class);
  private static final Duration DEADLINE = Duration.ofSeconds(15);
  private static final long SHORTEST_PAUSE_MILLIS = 200;
  private static final long LONGEST_PAUSE_MILLIS = 5_000;

  private final ChunkserverRegistry registry;
  private final RandomSource random;
  private volatile String waitsFor = "its registration";

  Enrolment(ChunkserverRegistry registry, RandomSource random) {
    this.registry = registry;
    this.random = random;
  }

  /** What stands between the store and its confirmation, in words. */
  String waitsFor() {
    return waitsFor;
  }

  /**
   * @param newcomer made anew for each try
   * @return empty when it was stopped before
   */
  Optional<Registration.Confirmed> enrol(Supplier<Newcomer> newcomer, CountDownLatch stop)
      throws InterruptedException {
    long pauseMillis = SHORTEST_PAUSE_MILLIS;
    while (true) {
      String reason;
      try {
        Registration answer =
            registry
                .register(newcomer.get())
                .toCompletableFuture()
                .get(DEADLINE.toMillis(), TimeUnit.MILLISECONDS);
        switch (answer) {
          case Registration.Confirmed confirmed -> {
            return Optional.of(confirmed);
          }
          case Registration.Unconfirmed unconfirmed -> reason = unconfirmed.why();
        }
      } catch (ExecutionException e) {
        reason = String.valueOf(e.getCause() == null ? e : e.getCause().getMessage());
      } catch (TimeoutException e) {
        reason = "the MDS took more than " + DEADLINE.toSeconds() + " s";
      }
      if (!reason.equals(waitsFor)) {
        log.warn("not registered yet: {}", reason);
        waitsFor = reason;
      }
      if (stop.await(pauseMillis / 2 + random.nextLong(pauseMillis), TimeUnit.MILLISECONDS)) {
        return Optional.empty();
      }
      pauseMillis = Math.min(pauseMillis * 2, LONGEST_PAUSE_MILLIS);
    }
  }
}
