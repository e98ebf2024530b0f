package io.kurve.core.disk;

import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.unit.ByteSize;
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
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Gives a file its space before it is used as a disk, so that no later write fails for want of it.
 *
 * <p>The space is reserved by {@code fallocate(2)}; a file system that has none gets zeros written.
 * A reserved byte reads as zero.
 */
public final class Preallocation {
  private static final int READ_WRITE_CLOSE_ON_EXEC = 2 | 0x80000;
  private static final int ERRNO_INTERRUPTED = 4;
  private static final int ERRNO_NO_SPACE = 28;
  private static final int ERRNO_NO_SYSTEM_CALL = 38;
  private static final int ERRNO_NOT_SUPPORTED = 95;
  private static final int ZEROS_BYTES = 1 << 20;

  private final StructLayout stateLayout = Linker.Option.captureStateLayout();
  private final VarHandle errno =
      stateLayout.varHandle(MemoryLayout.PathElement.groupElement("errno"));
  private final MethodHandle open;
  private final MethodHandle fallocate;
  private final MethodHandle close;

  public Preallocation() {
    Linker.Option captureErrno = Linker.Option.captureCallState("errno");
    open =
        function(
            "open",
            FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_INT),
            captureErrno,
            Linker.Option.firstVariadicArg(2));
    fallocate =
        function(
            "fallocate",
            FunctionDescriptor.of(
                ValueLayout.JAVA_INT,
                ValueLayout.JAVA_INT,
                ValueLayout.JAVA_INT,
                ValueLayout.JAVA_LONG,
                ValueLayout.JAVA_LONG),
            captureErrno);
    close = function("close", FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
  }

  /**
   * Makes a new file of that size with all its space.
   *
   * @throws KurveException {@link ErrorCode#NO_SPACE} when the file system has less; the file is
   *     then gone again
   * @throws IOException when it exists already or can't be made
   */
  public void createFile(Path file, ByteSize size) throws IOException {
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      reserve(file, channel, size);
      channel.force(true);
    } catch (KurveException e) {
      Files.deleteIfExists(file);
      throw e;
    }
  }

  private void reserve(Path file, FileChannel channel, ByteSize size) throws IOException {
    int error = fallocate(file, size.bytes());
    switch (error) {
      case 0 -> {}
      case ERRNO_NOT_SUPPORTED, ERRNO_NO_SYSTEM_CALL -> writeZeros(channel, size.bytes());
      case ERRNO_NO_SPACE ->
          throw new KurveException(
              ErrorCode.NO_SPACE,
              file
                  + " needs "
                  + size
                  + " and its file system has "
                  + new ByteSize(
                      Files.getFileStore(file.toAbsolutePath().getParent()).getUsableSpace())
                  + " left",
              "free some space or ask for a smaller disk");
      default ->
          throw new IOException(
              "can't reserve " + size + " for " + file + ": fallocate failed with errno " + error);
    }
  }

  /** Returns 0 or errno. */
  private int fallocate(Path file, long sizeBytes) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(stateLayout);
      int descriptor =
          (int)
              open.invokeExact(
                  state, arena.allocateFrom(file.toString()), READ_WRITE_CLOSE_ON_EXEC);
      if (descriptor < 0) {
        throw new IOException("can't open " + file + ": errno " + (int) errno.get(state, 0L));
      }
      try {
        int result;
        do {
          result = (int) fallocate.invokeExact(state, descriptor, 0, 0L, sizeBytes);
        } while (result != 0 && (int) errno.get(state, 0L) == ERRNO_INTERRUPTED);
        return result == 0 ? 0 : (int) errno.get(state, 0L);
      } finally {
        int _ = (int) close.invokeExact(descriptor);
      }
    } catch (IOException | RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException("a native call threw what it can't", e);
    }
  }

  private static void writeZeros(FileChannel channel, long sizeBytes) throws IOException {
    ByteBuffer zeros = ByteBuffer.allocateDirect(ZEROS_BYTES);
    long done = 0;
    while (done < sizeBytes) {
      zeros.clear().limit((int) Math.min(ZEROS_BYTES, sizeBytes - done));
      done += channel.write(zeros, done);
    }
  }

  private static MethodHandle function(
      String name, FunctionDescriptor descriptor, Linker.Option... options) {
    Linker linker = Linker.nativeLinker();
    return linker.downcallHandle(
        linker.defaultLookup().find(name).orElseThrow(), descriptor, options);
  }
}
