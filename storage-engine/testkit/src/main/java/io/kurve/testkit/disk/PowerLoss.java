package io.kurve.testkit.disk;

/**
 * The machine died during a disk operation. An Error, and no IOException, so that no code takes it
 * for something that it may handle.
 */
public final class PowerLoss extends Error {
  private static final long serialVersionUID = 1;

  PowerLoss(String message) {
    super(message);
  }
}
