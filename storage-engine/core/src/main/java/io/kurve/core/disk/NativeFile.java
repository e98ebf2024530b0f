package io.kurve.core.disk;

import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/**
 * An open file, by the system calls themselves. Not a {@link java.nio.channels.FileChannel}, for
 * one reason: that one closes itself, for everybody, when a thread that uses it is interrupted.
 */
final class NativeFile implements AutoCloseable {
  static final int READ_ONLY = 0;
  static final int READ_WRITE = 2;

  /** Of a block device: nobody else may claim it. */
  static final int EXCLUSIVE = 0x80;

  static final int PAST_THE_CACHE = pastTheCache(System.getProperty("os.arch"));

  /** Each write is durable when it returns, with what is needed to read it back. */
  static final int DATA_SYNCED = 0x1000;

  static final int EINTR = 4;
  static final int EBUSY = 16;
  static final int ENOSPC = 28;
  static final int ENOSYS = 38;
  static final int EOPNOTSUPP = 95;

  private static final int CLOSE_ON_EXEC = 0x80000;
  static final StructLayout STATE = Linker.Option.captureStateLayout();
  private static final VarHandle ERRNO =
      STATE.varHandle(MemoryLayout.PathElement.groupElement("errno"));
  private static final MethodHandle OPEN =
      function(
          "open",
          FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_INT),
          Linker.Option.firstVariadicArg(2));
  private static final MethodHandle PREAD = transfer("pread");
  private static final MethodHandle PWRITE = transfer("pwrite");
  private static final MethodHandle FDATASYNC =
      function("fdatasync", FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
  private static final MethodHandle FALLOCATE =
      function(
          "fallocate",
          FunctionDescriptor.of(
              ValueLayout.JAVA_INT,
              ValueLayout.JAVA_INT,
              ValueLayout.JAVA_INT,
              ValueLayout.JAVA_LONG,
              ValueLayout.JAVA_LONG));
  private static final MethodHandle CLOSE =
      function("close", FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));

  /** A system call that failed. */
  static final class NativeException extends IOException {
    private static final long serialVersionUID = 1;

    private final int errno;

    NativeException(String what, int errno) {
      super(what + ": errno " + errno);
      this.errno = errno;
    }

    int errno() {
      return errno;
    }
  }

  /** Larger transfers from or to the heap get memory of their own. */
  private static final int SCRATCH_BYTES = 64 * 1024;

  /**
   * Memory outside the heap: where the error number goes, and what a transfer from or to the heap
   * passes through. Made once a thread, because making it costs as much as a small write; but a
   * virtual thread may live for one call only, and what is its own stays until a garbage
   * collection.
   */
  private record Scratch(MemorySegment state, MemorySegment bytes) {
    static Scratch ofThread() {
      return new Scratch(
          Arena.ofAuto().allocate(STATE), Arena.ofAuto().allocate(SCRATCH_BYTES, Disk.ALIGNMENT));
    }

    static Scratch ofCall(Arena call) {
      return new Scratch(call.allocate(STATE), MemorySegment.NULL);
    }

    MemorySegment bytes(long size, Arena larger) {
      return size <= bytes.byteSize()
          ? bytes.asSlice(0, size)
          : larger.allocate(size, Disk.ALIGNMENT);
    }
  }

  private final Path path;
  private final int descriptor;
  private final ThreadLocal<Scratch> scratches = ThreadLocal.withInitial(Scratch::ofThread);

  private NativeFile(Path path, int descriptor) {
    this.path = path;
    this.descriptor = descriptor;
  }

  /** Linux' O_DIRECT; x86 and ARM number it differently, and 0x4000 is O_DIRECTORY on ARM. */
  static int pastTheCache(String architecture) {
    return switch (architecture) {
      case "amd64", "x86_64", "i386", "riscv64" -> 0x4000;
      case "aarch64", "arm" -> 0x10000;
      case "ppc64le" -> 0x20000;
      default ->
          throw new IllegalStateException(
              "the flag for input and output past the cache is not known on " + architecture);
    };
  }

  private static MethodHandle transfer(String name) {
    return function(
        name,
        FunctionDescriptor.of(
            ValueLayout.JAVA_LONG,
            ValueLayout.JAVA_INT,
            ValueLayout.ADDRESS,
            ValueLayout.JAVA_LONG,
            ValueLayout.JAVA_LONG));
  }

  static MethodHandle function(String name, FunctionDescriptor descriptor, Linker.Option... more) {
    Linker linker = Linker.nativeLinker();
    Linker.Option[] options = new Linker.Option[more.length + 1];
    options[0] = Linker.Option.captureCallState("errno");
    System.arraycopy(more, 0, options, 1, more.length);
    return linker.downcallHandle(
        linker.defaultLookup().find(name).orElseThrow(), descriptor, options);
  }

  static NativeFile open(Path path, int flags) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(STATE);
      MemorySegment name = arena.allocateFrom(path.toString());
      int result = (int) OPEN.invokeExact(state, name, flags | CLOSE_ON_EXEC);
      if (result < 0) {
        throw new NativeException("can't open " + path, errno(state));
      }
      return new NativeFile(path, result);
    } catch (Throwable e) {
      throw asThrown(e);
    }
  }

  int descriptor() {
    return descriptor;
  }

  private Scratch scratch(Arena call) {
    return Thread.currentThread().isVirtual() ? Scratch.ofCall(call) : scratches.get();
  }

  /** Reads until the target is full. */
  void readFully(long offset, ByteBuffer target) throws IOException {
    try (Arena larger = Arena.ofConfined()) {
      Scratch scratch = scratch(larger);
      MemorySegment memory =
          target.isDirect()
              ? MemorySegment.ofBuffer(target)
              : scratch.bytes(target.remaining(), larger);
      for (long done = 0; done < memory.byteSize(); ) {
        MemorySegment rest = memory.asSlice(done);
        long count =
            (long)
                PREAD.invokeExact(scratch.state, descriptor, rest, rest.byteSize(), offset + done);
        if (count == 0) {
          throw new EOFException(path + " ends before offset " + (offset + done));
        }
        if (count < 0 && errno(scratch.state) != EINTR) {
          throw new NativeException(
              "can't read " + path + " at " + (offset + done), errno(scratch.state));
        }
        done += Math.max(0, count);
      }
      if (target.isDirect()) {
        target.position(target.limit());
      } else {
        target.put(memory.asByteBuffer());
      }
    } catch (Throwable e) {
      throw asThrown(e);
    }
  }

  /**
   * Writes all that the source has left, in calls of at most so many bytes. A short write is an
   * error like any other (rule 2): what the kernel could not take now must not be tried again.
   */
  void writeFully(long offset, ByteBuffer source, int mostBytesACall) throws IOException {
    try (Arena larger = Arena.ofConfined()) {
      Scratch scratch = scratch(larger);
      MemorySegment all = MemorySegment.ofBuffer(source);
      long most = Math.min(mostBytesACall, all.byteSize());
      MemorySegment passage = source.isDirect() ? MemorySegment.NULL : scratch.bytes(most, larger);
      for (long done = 0; done < all.byteSize(); ) {
        MemorySegment piece = all.asSlice(done, Math.min(most, all.byteSize() - done));
        if (!source.isDirect()) {
          // Piece by piece, so that the kernel finds it in the processor's cache.
          piece = passage.asSlice(0, piece.byteSize()).copyFrom(piece);
        }
        write(offset + done, piece, scratch.state);
        done += piece.byteSize();
      }
      source.position(source.limit());
    } catch (Throwable e) {
      throw asThrown(e);
    }
  }

  private void write(long offset, MemorySegment memory, MemorySegment state) throws Throwable {
    long count;
    do {
      count = (long) PWRITE.invokeExact(state, descriptor, memory, memory.byteSize(), offset);
    } while (count < 0 && errno(state) == EINTR);
    if (count < 0) {
      throw new NativeException("can't write " + path + " at " + offset, errno(state));
    }
    requireWhole(count, memory.byteSize(), path, offset);
  }

  static void requireWhole(long written, long wanted, Path path, long offset) throws IOException {
    if (written != wanted) {
      throw new IOException(
          "can't write %s at %d: only %d of %d bytes were taken"
              .formatted(path, offset, written, wanted));
    }
  }

  /** Not tried again after a failure: the kernel forgets what it could not write. */
  void syncData() throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(STATE);
      if ((int) FDATASYNC.invokeExact(state, descriptor) != 0) {
        throw new NativeException("can't sync " + path, errno(state));
      }
    } catch (Throwable e) {
      throw asThrown(e);
    }
  }

  /** Reserves space from the start; reserved bytes read as zeros. */
  void reserve(long bytes) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(STATE);
      int result;
      do {
        result = (int) FALLOCATE.invokeExact(state, descriptor, 0, 0L, bytes);
      } while (result != 0 && errno(state) == EINTR);
      if (result != 0) {
        throw new NativeException("can't reserve " + bytes + " bytes for " + path, errno(state));
      }
    } catch (Throwable e) {
      throw asThrown(e);
    }
  }

  @Override
  public void close() throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(STATE);
      if ((int) CLOSE.invokeExact(state, descriptor) != 0) {
        throw new NativeException("can't close " + path, errno(state));
      }
    } catch (Throwable e) {
      throw asThrown(e);
    }
  }

  static int errno(MemorySegment state) {
    return (int) ERRNO.get(state, 0L);
  }

  /** What a method handle throws, as what it is; never returns. */
  private static IOException asThrown(Throwable thrown) throws IOException {
    switch (thrown) {
      case IOException failure -> throw failure;
      case RuntimeException fault -> throw fault;
      case Error error -> throw error;
      default -> throw new IllegalStateException("a system call threw " + thrown, thrown);
    }
  }
}
