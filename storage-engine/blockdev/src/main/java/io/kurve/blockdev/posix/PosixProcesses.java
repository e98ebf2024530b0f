package io.kurve.blockdev.posix;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/** Processes by descriptors, which no later process of the same number can be taken for. */
public final class PosixProcesses {
  public static final int SIGKILL = 9;
  public static final int SIGTERM = 15;

  /** For waking a thread of this process; the JVM uses none of its neighbours. */
  private static final int SIGNAL_WAKE = 50;

  private static final long SYS_PIDFD_SEND_SIGNAL = 424;
  private static final long SYS_PIDFD_OPEN = 434;

  /** {@code struct sigaction} of glibc: handler, mask (128 bytes), flags, restorer. */
  private static final long SIGACTION_BYTES = 152;

  private static final MethodHandle PIDFD_OPEN =
      Posix.variadic("syscall", 1, JAVA_LONG, JAVA_LONG, JAVA_LONG);
  private static final MethodHandle PIDFD_SEND_SIGNAL =
      Posix.variadic("syscall", 1, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);
  private static final MethodHandle SIGACTION =
      Posix.of("sigaction", JAVA_INT, JAVA_INT, ADDRESS, ADDRESS);
  private static final MethodHandle PTHREAD_SELF = Posix.of("pthread_self", JAVA_LONG);
  private static final MethodHandle PTHREAD_KILL =
      Posix.of("pthread_kill", JAVA_INT, JAVA_LONG, JAVA_INT);

  private final Posix posix;

  public PosixProcesses(Posix posix) {
    this.posix = posix;
  }

  /** A descriptor of a process; readable once all of it has ended. */
  public int open(long pid) throws PosixException {
    return (int)
        Posix.checked(
            "pidfd_open " + pid, c -> (int) PIDFD_OPEN.invokeExact(c, SYS_PIDFD_OPEN, pid, 0L));
  }

  /** Without effect on one that has ended. */
  public void signal(int process, int signal) throws PosixException {
    try {
      Posix.check(
          "pidfd_send_signal",
          c ->
              (int)
                  PIDFD_SEND_SIGNAL.invokeExact(
                      c, SYS_PIDFD_SEND_SIGNAL, (long) process, (long) signal, 0L, 0L));
    } catch (PosixException e) {
      if (!e.is(Errno.ESRCH)) {
        throw e;
      }
    }
  }

  /** Waits until the process has ended, all its threads and descriptors with it. */
  public void awaitEnd(int process) throws PosixException {
    boolean ended = false;
    while (!ended) {
      ended = posix.awaitReadable(process, -1);
    }
  }

  /**
   * Lets {@link #wake} interrupt system calls: a handler that does nothing, and does not restart
   * them. libc's {@code abs} is a function of an int without effect.
   */
  public void prepareWaking() throws PosixException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment action = arena.allocate(SIGACTION_BYTES, 8);
      action.set(ADDRESS, 0, Linker.nativeLinker().defaultLookup().findOrThrow("abs"));
      Posix.check(
          "sigaction",
          c -> (int) SIGACTION.invokeExact(c, SIGNAL_WAKE, action, MemorySegment.NULL));
    }
  }

  /** How {@link #wake} knows the calling thread, which must be a platform thread. */
  public long self() throws PosixException {
    return Posix.checked("pthread_self", c -> (long) PTHREAD_SELF.invokeExact(c));
  }

  /**
   * A blocked system call of that thread ends with EINTR; the thread must not have ended. One that
   * is about to begin is missed: repeat it.
   */
  public void wake(long thread) throws PosixException {
    Posix.check("pthread_kill", c -> (int) PTHREAD_KILL.invokeExact(c, thread, SIGNAL_WAKE));
  }
}
