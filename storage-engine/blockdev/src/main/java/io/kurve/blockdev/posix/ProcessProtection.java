package io.kurve.blockdev.posix;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps this process able to serve the writes by which the kernel frees memory: it must not wait
 * for memory that only those writes free.
 *
 * <p>To be called first of all on the main thread: the flusher mark is a thread's, and passes to
 * the threads that it starts. The JVM's own threads, started before, stay without it.
 */
public final class ProcessProtection {
  private static final Logger LOG = LoggerFactory.getLogger(ProcessProtection.class);
  private static final Path OOM_SCORE = Path.of("/proc/self/oom_score_adj");
  private static final String NEVER_KILLED = "-1000";

  private final Posix posix;

  public ProcessProtection(Posix posix) {
    this.posix = posix;
  }

  /** Each step where it is allowed; a line in the log where not. */
  public void apply() {
    try {
      posix.becomeIoFlusher();
    } catch (PosixException e) {
      LOG.warn("running without priority for memory ({}): needs CAP_SYS_RESOURCE", e.getMessage());
    }
    try {
      posix.lockMemory();
    } catch (PosixException e) {
      LOG.warn("running without locked memory ({}): needs CAP_IPC_LOCK", e.getMessage());
    }
    try {
      Files.writeString(OOM_SCORE, NEVER_KILLED);
    } catch (IOException e) {
      LOG.warn(
          "the kernel may kill this process when memory is short ({}): needs CAP_SYS_RESOURCE",
          e.getMessage());
    }
  }
}
