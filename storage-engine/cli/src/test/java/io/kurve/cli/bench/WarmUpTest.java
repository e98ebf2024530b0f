package io.kurve.cli.bench;

import static org.assertj.core.api.Assertions.assertThat;

import io.kurve.cli.bench.WarmUp.UntilSteady;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A warm-up goes on while it pays, and not for ever. */
class WarmUpTest {
  private static final UntilSteady WARM_UP = new UntilSteady(5, 9);

  @Test
  void itGoesOnWhileItGetsFaster() {
    assertThat(WARM_UP.isOver(List.of())).isFalse();
    assertThat(WARM_UP.isOver(List.of(2_600.0, 4_800.0, 6_100.0, 7_000.0))).isFalse();
  }

  @Test
  void oneRoundThatIsNoFasterIsNoise() {
    assertThat(WARM_UP.isOver(List.of(2_600.0, 4_800.0, 4_700.0))).isFalse();
    assertThat(WARM_UP.isOver(List.of(2_600.0, 4_800.0, 4_700.0, 6_000.0))).isFalse();
  }

  @Test
  void twoInARowEndIt() {
    assertThat(WARM_UP.isOver(List.of(9_000.0, 9_100.0, 9_200.0))).isTrue();
    assertThat(WARM_UP.isOver(List.of(2_600.0, 9_000.0, 8_000.0, 8_900.0))).isTrue();
  }

  @Test
  void itEndsThoughItStillGetsFaster() {
    List<Double> eight = List.of(1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0);
    assertThat(WARM_UP.isOver(eight)).isFalse();
    assertThat(new UntilSteady(5, 8).isOver(eight)).isTrue();
  }

  @Test
  void ratesOfZeroEndIt() {
    assertThat(WARM_UP.isOver(List.of(0.0, 0.0))).isTrue();
  }
}
