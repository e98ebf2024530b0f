package io.kurve.core.unit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class TimeSpanTest {
  @Test
  void itIsReadAsPeopleWriteIt() {
    assertThat(TimeSpan.parse("250ms")).isEqualTo(Duration.ofMillis(250));
    assertThat(TimeSpan.parse("30s")).isEqualTo(Duration.ofSeconds(30));
    assertThat(TimeSpan.parse(" 15 m ")).isEqualTo(Duration.ofMinutes(15));
    assertThat(TimeSpan.parse("24h")).isEqualTo(Duration.ofDays(1));
    assertThat(TimeSpan.parse("7d")).isEqualTo(Duration.ofDays(7));
    assertThat(TimeSpan.parse("0")).isZero();
    for (String wrong : List.of("", "24", "-1h", "1.5h", "h", "1w", "99999999999s")) {
      assertThatThrownBy(() -> TimeSpan.parse(wrong)).hasMessageContaining("'" + wrong + "'");
    }
  }

  @Test
  void itIsWrittenInItsTwoLargestUnits() {
    assertThat(TimeSpan.toHuman(Duration.ZERO)).isEqualTo("0s");
    assertThat(TimeSpan.toHuman(Duration.ofSeconds(59))).isEqualTo("59s");
    assertThat(TimeSpan.toHuman(Duration.ofSeconds(90))).isEqualTo("1m 30s");
    assertThat(TimeSpan.toHuman(Duration.ofSeconds(86_399))).isEqualTo("23h 59m");
    assertThat(TimeSpan.toHuman(Duration.ofHours(48))).isEqualTo("2d");
  }
}
