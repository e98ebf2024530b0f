package io.kurve.consensus.jraft;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/**
 * Linux' clocks. Boot time goes on while the machine sleeps and monotonic time does not: their
 * distance is the sleep.
 */
public final class KernelLeaseClock implements LeaseClock {
  private static final int CLOCK_MONOTONIC = 1;
  private static final int CLOCK_BOOTTIME = 7;

  private final MethodHandle clockGettime;

  public KernelLeaseClock() {
    Linker linker = Linker.nativeLinker();
    clockGettime =
        linker.downcallHandle(
            linker.defaultLookup().findOrThrow("clock_gettime"),
            FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.ADDRESS),
            Linker.Option.critical(false));
  }

  @Override
  public long monotonicNanos() {
    return System.nanoTime();
  }

  @Override
  public long suspendedNanos() {
    try (Arena scratch = Arena.ofConfined()) {
      MemorySegment time = scratch.allocate(ValueLayout.JAVA_LONG, 2);
      long monotonic = read(CLOCK_MONOTONIC, time);
      long boot = read(CLOCK_BOOTTIME, time);
      return boot - monotonic;
    }
  }

  private long read(int clock, MemorySegment time) {
    int result;
    try {
      result = (int) clockGettime.invokeExact(clock, time);
    } catch (Throwable impossible) {
      throw new IllegalStateException("clock_gettime could not be called", impossible);
    }
    if (result != 0) {
      throw new IllegalStateException("clock_gettime(" + clock + ") failed");
    }
    return time.getAtIndex(ValueLayout.JAVA_LONG, 0) * 1_000_000_000L
        + time.getAtIndex(ValueLayout.JAVA_LONG, 1);
  }
}
