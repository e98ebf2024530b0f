package io.kurve.consensus.jraft;

/** The two clocks that a lease needs. */
public interface LeaseClock {
  /** Stands still while the machine is suspended. */
  long monotonicNanos();

  /** How long the machine was suspended since it booted; grows only. */
  long suspendedNanos();
}
