package io.kurve.testkit.time;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kurve.core.time.EventLoop;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ManualEventLoopTest {
  private final ManualEventLoop loop = new ManualEventLoop();
  private final List<String> ran = new ArrayList<>();

  @Test
  void tasksRunInOrderOfTimeThenArrival() {
    loop.schedule(Duration.ofMillis(2), () -> note("late"));
    loop.schedule(Duration.ofMillis(1), () -> note("first"));
    loop.schedule(Duration.ofMillis(1), () -> note("second"));
    loop.execute(() -> loop.execute(() -> note("now")));
    loop.runUntilIdle();
    assertThat(ran).containsExactly("now@0");
    loop.advance(Duration.ofMillis(1));
    assertThat(ran).containsExactly("now@0", "first@1", "second@1");
    assertThat(loop.runNext()).isTrue();
    assertThat(ran).last().isEqualTo("late@2");
    assertThat(loop.runNext()).isFalse();
  }

  @Test
  void aCancelledTimerDoesNotRun() {
    EventLoop.Timer timer = loop.schedule(Duration.ofMillis(1), () -> note("never"));
    timer.cancel();
    loop.advance(Duration.ofSeconds(1));
    assertThat(ran).isEmpty();
    assertThat(loop.nanoTime()).isEqualTo(Duration.ofSeconds(1).toNanos());
  }

  @Test
  void itKnowsWhenItRuns() {
    assertThat(loop.inLoop()).isFalse();
    loop.execute(() -> note(loop.inLoop() ? "in" : "out"));
    loop.runUntilIdle();
    assertThat(ran).containsExactly("in@0");
  }

  @Test
  void anExceptionReachesTheTest() {
    loop.execute(() -> {
      throw new IllegalStateException("boom");
    });
    assertThatThrownBy(loop::runUntilIdle).hasMessage("boom");
    assertThat(loop.inLoop()).isFalse();
  }

  private void note(String what) {
    ran.add(what + "@" + Duration.ofNanos(loop.nanoTime()).toMillis());
  }
}
