package io.kurve.chunkserver.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class PoolsTest {
  private static final Duration LONG = Duration.ofHours(1);

  @Test
  void aWaitEndsWithWhatItWaitsFor() throws Exception {
    Pools.await(CompletableFuture.completedStage(1), LONG);
    Pools.await(CompletableFuture.failedStage(new IllegalStateException()), LONG);
    CompletableFuture<Integer> later = new CompletableFuture<>();
    Thread.ofVirtual().start(() -> later.complete(1));
    Pools.await(later, LONG);
    assertThat(later).isCompleted();
  }

  @Test
  void aWaitEndsWithItsTime() throws Exception {
    CompletableFuture<Integer> never = new CompletableFuture<>();
    Pools.await(never, Duration.ofMillis(1));
    assertThat(never).isNotDone();
  }
}
