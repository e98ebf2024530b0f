package io.kurve.testkit.disk;

/** The process died during a disk operation; an Error for the reason that {@link PowerLoss} is. */
public final class ProcessKilled extends Error {
  private static final long serialVersionUID = 1;

  ProcessKilled(String message) {
    super(message);
  }
}
