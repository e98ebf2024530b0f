package io.kurve.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/**
 * Many short runs, each twice: {@code -Dkurve.simulation.seeds} says how many, {@code
 * -Dkurve.simulation.seed} the first of them, and that one only if nothing says how many.
 */
class SimulationTest {
  private static final int DEFAULT_SEEDS = 400;

  @Test
  void everySeedKeepsAllPromisesAndRunsTheSameTwice() {
    FormattedDisks disks = new FormattedDisks();
    Long named = Long.getLong("kurve.simulation.seed");
    long first = named == null ? 1 : named;
    long count = Integer.getInteger("kurve.simulation.seeds", named == null ? DEFAULT_SEEDS : 1);
    long events = 0;
    long entries = 0;
    long installs = 0;
    MoveCounts.Counts moves = new MoveCounts.Counts(0, 0, 0, 0);
    long standstills = 0;
    for (long seed = first; seed < first + count; seed++) {
      Simulation.Trace trace = Simulation.run(seed, disks);
      assertThat(Simulation.run(seed, disks))
          .as("the second run of seed %d", seed)
          .isEqualTo(trace);
      events += trace.events();
      entries += trace.entries();
      installs += trace.installs();
      moves = moves.plus(trace.moves());
      standstills += trace.standstill() ? 1 : 0;
    }
    assertThat(standstills)
        .as("copysets that lost two replicas")
        .isLessThanOrEqualTo(1 + count / 50);
    if (count >= DEFAULT_SEEDS) {
      assertThat(moves.back()).as("steps back").isPositive();
      assertThat(moves.removed()).as("replicas that their disks removed").isPositive();
    }
    System.out.printf(
        "simulation: %d seeds twice, %d events, %d entries, %d installs, %s, %d standstills each%n",
        count, events, entries, installs, moves, standstills);
  }
}
