package io.kurve.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A test of the test: it finds what it is there for, by what it does to data. That a run stalls is
 * no proof. Without a bug the same seeds end well in {@link SimulationTest}.
 */
@Tag("slow")
class PlantedBugsTest {
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final long FIRST_SEED = 1;

  @ParameterizedTest
  @EnumSource
  void isCaughtWithinAMinute(PlantedBug bug) {
    FormattedDisks disks = new FormattedDisks();
    long begin = System.nanoTime();
    long seed = FIRST_SEED;
    @Nullable SimulationFailure caught = null;
    while (caught == null && System.nanoTime() - begin < LIMIT.toNanos()) {
      SimulationFailure failure = Simulation.failure(seed++, disks, bug.adapters());
      caught = failure != null && !failure.isStall() ? failure : null;
    }
    assertThat(caught).as("%s after %d seeds", bug, seed - FIRST_SEED).isNotNull();
    System.out.printf("%s is caught: %s%n", bug, firstLine(caught));
  }

  private static String firstLine(@Nullable Throwable failure) {
    return String.valueOf(failure).lines().findFirst().orElse("");
  }
}
