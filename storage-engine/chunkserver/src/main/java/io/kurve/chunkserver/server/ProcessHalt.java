package io.kurve.chunkserver.server;

import io.kurve.core.failure.FaultHandler;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Ends the process at once: no hook runs, nobody gets an answer. */
final class ProcessHalt implements FaultHandler {
  static final int EXIT_CODE = 70;

  private static final Logger log = LoggerFactory.getLogger(ProcessHalt.class);

  @Override
  public Error halt(String what, Throwable cause) {
    log.error("HALT: {}: {}", what, cause.toString(), cause);
    Runtime.getRuntime().halt(EXIT_CODE);
    return new IllegalStateError(what, cause);
  }

  /** Never seen: the process is gone. */
  private static final class IllegalStateError extends Error {
    private static final long serialVersionUID = 1;

    IllegalStateError(String what, Throwable cause) {
      super(what, cause);
    }
  }
}
