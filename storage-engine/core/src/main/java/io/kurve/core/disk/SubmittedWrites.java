package io.kurve.core.disk;

import io.kurve.core.disk.NativeFile.NativeException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * One write at a time, handed to the kernel and waited for, instead of one system call that does
 * both. A file system holds its lock of the file for as long as a direct write's call lasts, the
 * device's flush included, and every write through the cache waits for it. A write that was only
 * submitted (Linux' io_submit) gives the lock up when it is under way.
 *
 * <pre>
 *   pwrite:     lock ├─── write ─────── flush ───┤ unlock
 *   submitted:  lock ├┤ unlock                       cached writes go on here
 *                      └── write ─────── flush ──► io_getevents returns what pwrite would have
 * </pre>
 *
 * Nobody else sees a difference: the call returns when the write is durable, or fails as it did.
 * Where the kernel has no room for it or a container forbids it, there is none.
 */
final class SubmittedWrites implements AutoCloseable {

  /** The numbers of the four system calls, in the order below. */
  record Calls(int setup, int destroy, int getEvents, int submit) {}

  /**
   * The kernel's {@code struct iocb} and {@code struct io_event}, by the offsets of what is used.
   */
  private static final int REQUEST_BYTES = 64;

  private static final int REQUEST_OPERATION = 16;
  private static final int REQUEST_DESCRIPTOR = 20;
  private static final int REQUEST_MEMORY = 24;
  private static final int REQUEST_LENGTH = 32;
  private static final int REQUEST_OFFSET = 40;
  private static final short WRITE = 1;
  private static final int EVENT_BYTES = 32;
  private static final int EVENT_RESULT = 16;
  private static final int EAGAIN = 11;

  private static final @Nullable Calls CALLS = calls(System.getProperty("os.arch"));
  private static final MethodHandle SYSTEM_CALL =
      NativeFile.function(
          "syscall",
          FunctionDescriptor.of(
              ValueLayout.JAVA_LONG,
              ValueLayout.JAVA_LONG,
              ValueLayout.JAVA_LONG,
              ValueLayout.JAVA_LONG,
              ValueLayout.JAVA_LONG,
              ValueLayout.JAVA_LONG,
              ValueLayout.JAVA_LONG),
          Linker.Option.firstVariadicArg(1));

  private final Path path;
  private final Calls calls;
  private final MemorySegment state;
  private final MemorySegment request;
  private final MemorySegment requests;
  private final MemorySegment event;
  private final long context;

  /** Held by the writer, and for good once it is closed. */
  private final ReentrantLock busy = new ReentrantLock();

  private volatile boolean closed;
  private boolean freed;

  private SubmittedWrites(Path path, Calls calls, Arena arena, MemorySegment state, long context) {
    this.path = path;
    this.calls = calls;
    this.state = state;
    this.context = context;
    this.request = arena.allocate(REQUEST_BYTES, Long.BYTES);
    this.requests = arena.allocateFrom(ValueLayout.JAVA_LONG, request.address());
    this.event = arena.allocate(EVENT_BYTES, Long.BYTES);
  }

  static @Nullable Calls calls(String architecture) {
    return switch (architecture) {
      case "amd64", "x86_64" -> new Calls(206, 207, 208, 209);
      case "aarch64", "riscv64" -> new Calls(0, 1, 4, 2);
      default -> null;
    };
  }

  /**
   * @param path for what errors say
   * @return null where the kernel gives none
   */
  static @Nullable SubmittedWrites open(Path path) {
    if (CALLS == null) {
      return null;
    }
    Arena arena = Arena.ofAuto();
    MemorySegment state = arena.allocate(NativeFile.STATE);
    MemorySegment context = arena.allocate(ValueLayout.JAVA_LONG);
    if (call(state, CALLS.setup, 1, context.address(), 0, 0) != 0) {
      return null;
    }
    return new SubmittedWrites(path, CALLS, arena, state, context.get(ValueLayout.JAVA_LONG, 0));
  }

  private static long call(MemorySegment state, int number, long a, long b, long c, long d) {
    try {
      return (long) SYSTEM_CALL.invokeExact(state, (long) number, a, b, c, d, 0L);
    } catch (Throwable e) {
      throw new IllegalStateException("a system call threw " + e, e);
    }
  }

  /**
   * Writes all that the source, which must lie outside the heap, has left; durable if the file was
   * opened so.
   *
   * @return false when nothing was begun: another write is under way, or the kernel has no room
   */
  boolean write(NativeFile file, long offset, ByteBuffer source) throws IOException {
    if (!busy.tryLock()) {
      return false;
    }
    try {
      return !freed && submit(file, offset, MemorySegment.ofBuffer(source), source);
    } finally {
      busy.unlock();
      if (closed) {
        free();
      }
    }
  }

  private boolean submit(NativeFile file, long offset, MemorySegment memory, ByteBuffer source)
      throws IOException {
    request.fill((byte) 0);
    request.set(ValueLayout.JAVA_SHORT, REQUEST_OPERATION, WRITE);
    request.set(ValueLayout.JAVA_INT, REQUEST_DESCRIPTOR, file.descriptor());
    request.set(ValueLayout.JAVA_LONG, REQUEST_MEMORY, memory.address());
    request.set(ValueLayout.JAVA_LONG, REQUEST_LENGTH, memory.byteSize());
    request.set(ValueLayout.JAVA_LONG, REQUEST_OFFSET, offset);
    try {
      if (call(state, calls.submit, context, 1, requests.address(), 0) != 1) {
        if (NativeFile.errno(state) == EAGAIN) {
          return false;
        }
        throw failed(offset, NativeFile.errno(state));
      }
      long result = awaitResult(offset);
      if (result < 0) {
        throw failed(offset, (int) -result);
      }
      NativeFile.requireWhole(result, memory.byteSize(), path, offset);
    } finally {
      // The kernel has read the bytes by their address only.
      Reference.reachabilityFence(source);
    }
    source.position(source.limit());
    return true;
  }

  /** The call may be interrupted, the write can't: it is waited for until it has ended. */
  private long awaitResult(long offset) throws IOException {
    long ended;
    do {
      ended = call(state, calls.getEvents, context, 1, 1, event.address());
    } while (ended == 0 || (ended < 0 && NativeFile.errno(state) == NativeFile.EINTR));
    if (ended < 0) {
      throw failed(offset, NativeFile.errno(state));
    }
    return event.get(ValueLayout.JAVA_LONG, EVENT_RESULT);
  }

  private NativeException failed(long offset, int errno) {
    return new NativeException("can't write " + path + " at " + offset, errno);
  }

  /** A write that is under way ends first, and is not waited for: a disk may hang. */
  @Override
  public void close() {
    closed = true;
    free();
  }

  private void free() {
    if (busy.tryLock()) {
      try {
        if (!freed) {
          freed = true;
          long unused = call(state, calls.destroy, context, 0, 0, 0);
        }
      } finally {
        busy.unlock();
      }
    }
  }
}
