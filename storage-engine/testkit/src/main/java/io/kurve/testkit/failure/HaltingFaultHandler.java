package io.kurve.testkit.failure;

import io.kurve.core.failure.FaultHandler;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Records each halt and throws {@link Halted}, which unwinds the caller's thread. */
public final class HaltingFaultHandler implements FaultHandler {
  private static final Logger log = LoggerFactory.getLogger(HaltingFaultHandler.class);

  private final List<Halted> halts = new CopyOnWriteArrayList<>();

  @Override
  public Error halt(String what, Throwable cause) {
    Halted halted = new Halted(what, cause);
    halts.add(halted);
    // A thread that is unwound may leave others waiting for it: the log then has the only trace.
    log.error("a process would end here: {}", what, cause);
    throw halted;
  }

  public boolean isHalted() {
    return !halts.isEmpty();
  }

  /** In the order in which they came; a real process would not have seen the second. */
  public List<Halted> halts() {
    return List.copyOf(halts);
  }

  /** Where a real process would be gone. */
  public static final class Halted extends Error {
    private static final long serialVersionUID = 1;

    Halted(String what, Throwable cause) {
      super(what, cause);
    }
  }
}
