package io.kurve.chunkserver.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class InstallPaceTest {
  private final AtomicLong nanos = new AtomicLong(5);
  private final InstallPace pace = new InstallPace(1 << 20, nanos::get);

  @Test
  void fetchesWaitForThoseBeforeThem() {
    assertThat(pace.take(1 << 20)).isZero();
    assertThat(pace.take(1 << 19)).isEqualTo(Duration.ofSeconds(1));
    assertThat(pace.take(1 << 20)).isEqualTo(Duration.ofMillis(1500));
    nanos.addAndGet(Duration.ofMillis(2500).toNanos());
    assertThat(pace.take(1 << 20)).isZero();
  }

  @Test
  void whatWasNotUsedIsNotSavedUp() {
    nanos.addAndGet(Duration.ofHours(1).toNanos());
    assertThat(pace.take(1 << 20)).isZero();
    assertThat(pace.take(1)).isEqualTo(Duration.ofSeconds(1));
  }
}
