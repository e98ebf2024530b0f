package io.kurve.simulation;

import java.util.List;
import java.util.Set;

/** A run that broke a promise: everything that is needed to run it again. */
final class SimulationFailure extends AssertionError {
  private static final long serialVersionUID = 1;

  SimulationFailure(long seed, Set<Nemesis.Kind> kinds, List<String> recent, Throwable cause) {
    super(
        "seed %d failed: %s%n  nemeses: %s%n  again: -Dkurve.simulation.seed=%d%n  last events:%n    %s"
            .formatted(seed, cause.getMessage(), kinds, seed, String.join("\n    ", recent)),
        cause);
  }

  /** Nothing wrong was seen; what should have ended did not. */
  static final class Stalled extends AssertionError {
    private static final long serialVersionUID = 1;

    Stalled(String message) {
      super(message);
    }
  }

  boolean isStall() {
    return getCause() instanceof Stalled;
  }
}
