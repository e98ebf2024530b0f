package io.kurve.blockdev.fuse;

import io.kurve.blockdev.posix.Posix;
import io.kurve.blockdev.posix.PosixException;
import io.kurve.client.Flight;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.IntStream;

/**
 * Which changes of one attachment the kernel has no answer to yet, and their numbers: in memory
 * that outlives this process, for the one that goes on with the attachment.
 *
 * <pre>
 *    0  u64 magic "KVFLIGHT"
 *    8  u32 version, u32 slots
 *   16  u64 the highest request number that was used
 *   24  u64 1 when nothing was in flight at the end
 *   64  slots: { u64 the kernel's request number, or 0; u64 ours }     in host order
 *
 *   request read --> number noted --> sent ... answered in /dev/fuse --> slot cleared
 *                    killed here: sent again under it         here: nobody asks; closed
 * </pre>
 *
 * The kernel's number is written last and cleared first: a kill between two stores leaves no half
 * of an entry.
 */
public final class FlightTable {
  /** Two for each buffer: those of a predecessor stay until it is known whether they come again. */
  static final int SLOTS = 252;

  static final long BYTES = 4096;

  private static final long MAGIC = 0x5448_4749_4C46_564BL;
  private static final int VERSION = 1;
  private static final long VERSION_AT = 8;
  private static final long SLOTS_AT = 12;
  private static final long HIGHEST_AT = 16;
  private static final long IDLE_AT = 24;
  private static final long FIRST_SLOT_AT = 64;
  private static final long SLOT_BYTES = 16;
  private static final VarHandle LONG = ValueLayout.JAVA_LONG.varHandle();

  private final MemorySegment memory;
  private final Flight reads = new Reads();

  /** Guards the two below. */
  private final ReentrantLock lock = new ReentrantLock();

  private final ArrayDeque<Integer> free = new ArrayDeque<>(SLOTS);

  /** Of a predecessor, and not asked for again yet: slots by the kernel's number. */
  private final Map<Long, Integer> unclaimed = new TreeMap<>();

  private FlightTable(MemorySegment memory) {
    this.memory = memory;
  }

  /**
   * @param memory zeroed
   */
  static FlightTable fresh(MemorySegment memory) {
    memory.set(ValueLayout.JAVA_INT, VERSION_AT, VERSION);
    memory.set(ValueLayout.JAVA_INT, SLOTS_AT, SLOTS);
    memory.set(ValueLayout.JAVA_LONG, 0, MAGIC);
    FlightTable table = new FlightTable(memory);
    IntStream.range(0, SLOTS).forEach(table.free::add);
    return table;
  }

  /**
   * What a predecessor left.
   *
   * @throws KurveException UNSUPPORTED when it is none of ours
   */
  static FlightTable left(MemorySegment memory) {
    int version = memory.get(ValueLayout.JAVA_INT, VERSION_AT);
    if (memory.get(ValueLayout.JAVA_LONG, 0) != MAGIC
        || version != VERSION
        || memory.get(ValueLayout.JAVA_INT, SLOTS_AT) != SLOTS) {
      throw new KurveException(
          ErrorCode.UNSUPPORTED,
          "a volume host left a table of flights of version " + version,
          "start the version of Kurve that ran before");
    }
    FlightTable table = new FlightTable(memory);
    for (int slot = 0; slot < SLOTS; slot++) {
      long request = table.get(requestAt(slot));
      if (request == 0) {
        table.free.add(slot);
      } else {
        table.unclaimed.put(request, slot);
      }
    }
    return table;
  }

  static FlightTable map(Posix posix, int descriptor, boolean isLeft) throws PosixException {
    MemorySegment memory = posix.mapShared(descriptor, BYTES);
    return isLeft ? left(memory) : fresh(memory);
  }

  long highest() {
    return get(HIGHEST_AT);
  }

  /** The numbers of the changes that may be asked for again. */
  List<Long> unanswered() {
    lock.lock();
    try {
      return unclaimed.values().stream().map(slot -> get(numberAt(slot))).sorted().toList();
    } finally {
      lock.unlock();
    }
  }

  /** Whether the predecessor had answered all when it ended. */
  boolean wasIdle() {
    return get(IDLE_AT) == 1;
  }

  void idle(boolean nothingInFlight) {
    set(IDLE_AT, nothingInFlight ? 1 : 0);
  }

  /** Of all requests that change nothing. */
  Flight reads() {
    return reads;
  }

  /**
   * @param request the kernel's number of it, the same over all its resends
   */
  Change change(long request) {
    lock.lock();
    try {
      Integer slot = unclaimed.remove(request);
      return slot == null ? new Change(request) : new Change(request, slot);
    } finally {
      lock.unlock();
    }
  }

  /** All that the kernel had no answer to has come again: the rest was answered. */
  void allAskedAgain() {
    lock.lock();
    try {
      for (int slot : unclaimed.values()) {
        clear(slot);
      }
      unclaimed.clear();
    } finally {
      lock.unlock();
    }
  }

  /** One change, from its arrival to the kernel's having its answer. */
  final class Change implements Flight {
    private final long request;
    private final long earlier;
    private volatile int slot;
    private volatile boolean over;

    private Change(long request) {
      this.request = request;
      this.earlier = 0;
      this.slot = -1;
    }

    private Change(long request, int slot) {
      this.request = request;
      this.earlier = get(numberAt(slot));
      this.slot = slot;
    }

    @Override
    public long earlierNumber() {
      return earlier;
    }

    @Override
    public void takes(long number) {
      raise(number);
      if (slot < 0) {
        int taken = takeFree();
        set(numberAt(taken), number);
        set(requestAt(taken), request);
        slot = taken;
      }
    }

    @Override
    public boolean isOver() {
      return over;
    }

    /** The kernel has its answer. */
    void answered() {
      int taken = slot;
      if (taken >= 0) {
        lock.lock();
        try {
          clear(taken);
        } finally {
          lock.unlock();
        }
      }
      over = true;
    }
  }

  private final class Reads implements Flight {
    @Override
    public long earlierNumber() {
      return 0;
    }

    @Override
    public void takes(long number) {
      raise(number);
    }

    @Override
    public boolean isOver() {
      return true;
    }
  }

  /** On the volume's thread only. */
  private void raise(long number) {
    if (number > get(HIGHEST_AT)) {
      set(HIGHEST_AT, number);
    }
  }

  private int takeFree() {
    lock.lock();
    try {
      Integer slot = free.poll();
      if (slot == null) {
        throw new IllegalStateException("more changes in flight than buffers");
      }
      return slot;
    } finally {
      lock.unlock();
    }
  }

  private void clear(int slot) {
    set(requestAt(slot), 0);
    free.push(slot);
  }

  private static long requestAt(int slot) {
    return FIRST_SLOT_AT + SLOT_BYTES * slot;
  }

  private static long numberAt(int slot) {
    return requestAt(slot) + Long.BYTES;
  }

  private long get(long at) {
    return (long) LONG.getAcquire(memory, at);
  }

  private void set(long at, long value) {
    LONG.setRelease(memory, at, value);
  }
}
