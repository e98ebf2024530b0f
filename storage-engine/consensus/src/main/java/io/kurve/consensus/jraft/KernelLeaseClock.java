package io.kurve.consensus.jraft;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.function.LongSupplier;

/**
 * Linux' clocks. Boot time goes on while the machine sleeps and monotonic time does not: their
 * distance is the sleep.
 */
public final class KernelLeaseClock implements LeaseClock {
  private static final int CLOCK_MONOTONIC = 1;
  private static final int CLOCK_BOOTTIME = 7;
  private static final long MOST_APART_NANOS = 1_000_000;

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
      return suspendedNanos(() -> read(CLOCK_MONOTONIC, time), () -> read(CLOCK_BOOTTIME, time));
    }
  }

  /**
   * A thread that is paused between the two clocks would report its pause as sleep, and a later
   * sleep of that length would go unnoticed.
   */
  static long suspendedNanos(LongSupplier monotonic, LongSupplier boot) {
    while (true) {
      long before = monotonic.getAsLong();
      long between = boot.getAsLong();
      long after = monotonic.getAsLong();
      if (after - before <= MOST_APART_NANOS) {
        return between - after;
      }
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
