package io.kurve.core.failure;

/** Called when going on could lose or corrupt data. A server's halts the process at once. */
@FunctionalInterface
public interface FaultHandler {
  /**
   * Never returns normally in production: the process is gone, nobody gets an answer. In tests it
   * throws or marks the simulated node dead.
   *
   * @param what one line that names the object and what went wrong
   */
  Error halt(String what, Throwable cause);
}
