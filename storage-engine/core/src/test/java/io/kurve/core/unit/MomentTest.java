package io.kurve.core.unit;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import org.junit.jupiter.api.Test;

class MomentTest {
  @Test
  void peopleReadSeconds() {
    assertThat(Moment.toHuman(Instant.parse("2026-11-24T04:20:40.966733525Z")))
        .isEqualTo("2026-11-24T04:20:40Z");
  }
}
