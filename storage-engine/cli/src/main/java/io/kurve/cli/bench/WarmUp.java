package io.kurve.cli.bench;

import java.util.List;

/** How long the same requests run before those that count. */
public sealed interface WarmUp {

  /**
   * @param seconds 0 for none
   */
  record Fixed(int seconds) implements WarmUp {}

  /**
   * Until it gets no faster, since servers compile while they are new: rounds of so many seconds,
   * until two in a row were no faster than the fastest before them, but for the noise of a machine.
   */
  record UntilSteady(int roundSeconds, int mostRounds) implements WarmUp {
    /** What two rounds of a warm cluster differ by. */
    private static final double NOISE = 0.05;

    private static final int SLOWER_ROUNDS = 2;

    boolean isOver(List<Double> rates) {
      return rates.size() >= mostRounds || roundsSinceProgress(rates) >= SLOWER_ROUNDS;
    }

    private static int roundsSinceProgress(List<Double> rates) {
      double best = 0;
      int since = 0;
      for (double rate : rates) {
        since = rate > best * (1 + NOISE) ? 0 : since + 1;
        best = Math.max(best, rate);
      }
      return since;
    }

    int mostSeconds() {
      return roundSeconds * mostRounds;
    }
  }
}
