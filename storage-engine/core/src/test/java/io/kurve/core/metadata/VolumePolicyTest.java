package io.kurve.core.metadata;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class VolumePolicyTest {
  @Test
  void theLimitIsExactAlsoForTheLargestPool() {
    assertThat(VolumePolicy.STANDARD.limitBytes((1L << 53) + 7)).isEqualTo((1L << 53) + 7);
    assertThat(new VolumePolicy(150, Duration.ZERO).limitBytes(1L << 30)).isEqualTo(3L << 29);
    assertThat(new VolumePolicy(33, Duration.ZERO).limitBytes(1000)).isEqualTo(330);
  }

  @Test
  void aFactorIsReadAsPeopleWriteIt() {
    assertThat(VolumePolicy.overcommitPercent("1")).isEqualTo(100);
    assertThat(VolumePolicy.overcommitPercent("1.0")).isEqualTo(100);
    assertThat(VolumePolicy.overcommitPercent("2.25")).isEqualTo(225);
    for (String wrong : List.of("", "x", "1,5", "1.001", "1e99")) {
      assertThatThrownBy(() -> VolumePolicy.overcommitPercent(wrong))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("'" + wrong + "'");
    }
  }

  @Test
  void whatMakesNoSenseIsRefused() {
    for (int percent : new int[] {-1, 0, 9, 10_001}) {
      assertThatThrownBy(() -> new VolumePolicy(percent, Duration.ZERO))
          .hasMessageContaining(percent + " %");
    }
    for (Duration retention : List.of(Duration.ofMillis(-1), Duration.ofDays(3651))) {
      assertThatThrownBy(() -> new VolumePolicy(100, retention))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }
}
