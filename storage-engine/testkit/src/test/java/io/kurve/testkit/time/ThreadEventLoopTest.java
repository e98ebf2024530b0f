package io.kurve.testkit.time;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kurve.core.time.ThreadEventLoop;
import io.kurve.testkit.failure.HaltingFaultHandler;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(20)
class ThreadEventLoopTest {
  private final HaltingFaultHandler faults = new HaltingFaultHandler();
  private final ThreadEventLoop loop = new ThreadEventLoop("test-loop", faults).start();

  @AfterEach
  void close() {
    loop.close();
  }

  @Test
  void tasksOfOneThreadRunInTheirOrderOnTheLoop() {
    List<Integer> seen = new ArrayList<>();
    CompletableFuture<List<Integer>> done = new CompletableFuture<>();
    for (int i = 0; i < 1_000; i++) {
      int number = i;
      loop.execute(() -> seen.add(loop.inLoop() ? number : -1));
    }
    loop.execute(() -> done.complete(seen));
    assertThat(done.join()).hasSize(1_000).isSorted().doesNotContain(-1);
    assertThat(loop.inLoop()).isFalse();
  }

  @Test
  void timersRunInTheOrderOfTheirTimesAndNotBefore() {
    List<String> seen = new ArrayList<>();
    CompletableFuture<Long> last = new CompletableFuture<>();
    long start = loop.nanoTime();
    var unused =
        List.of(
            loop.schedule(Duration.ofMillis(30), () -> last.complete(loop.nanoTime())),
            loop.schedule(Duration.ofMillis(20), () -> seen.add("second")),
            loop.schedule(Duration.ofMillis(10), () -> seen.add("first")));
    assertThat(last.join() - start).isGreaterThanOrEqualTo(Duration.ofMillis(30).toNanos());
    assertThat(seen).containsExactly("first", "second");
  }

  @Test
  void aCancelledTimerDoesNotRun() {
    List<String> seen = new ArrayList<>();
    CompletableFuture<Void> later = new CompletableFuture<>();
    var timer = loop.schedule(Duration.ofMillis(20), () -> seen.add("cancelled"));
    var unused = loop.schedule(Duration.ofMillis(40), () -> later.complete(null));
    timer.cancel();
    later.join();
    assertThat(seen).isEmpty();
  }

  @Test
  void manyThreadsLoseNoTask() throws InterruptedException {
    int threads = 4;
    int each = 20_000;
    CountDownLatch ran = new CountDownLatch(threads * each);
    List<Thread> bringers = new ArrayList<>();
    for (int i = 0; i < threads; i++) {
      bringers.add(
          Thread.ofPlatform()
              .start(() -> {
                for (int task = 0; task < each; task++) {
                  loop.execute(ran::countDown);
                }
              }));
    }
    assertThat(ran.await(15, TimeUnit.SECONDS)).isTrue();
    for (Thread bringer : bringers) {
      bringer.join();
    }
  }

  @Test
  void anExceptionOfATaskGoesToTheFaultHandlerAndEndsTheLoop() {
    CompletableFuture<Void> ran = new CompletableFuture<>();
    loop.execute(() -> {
      ran.complete(null);
      throw new IllegalStateException("broken");
    });
    ran.join();
    loop.close();
    assertThat(faults.halts())
        .singleElement()
        .satisfies(h -> assertThat(h).hasMessageContaining("test-loop"));
  }

  @Test
  void aClosedLoopTakesNothing() {
    loop.close();
    assertThatThrownBy(() -> loop.execute(() -> {})).isInstanceOf(RejectedExecutionException.class);
    loop.schedule(Duration.ZERO, () -> {}).cancel();
  }
}
