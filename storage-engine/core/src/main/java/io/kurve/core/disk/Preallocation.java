package io.kurve.core.disk;

import io.kurve.core.disk.NativeFile.NativeException;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.unit.ByteSize;
import java.io.IOException;
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
  private static final int ZEROS_BYTES = 1 << 20;

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
    try (NativeFile target = NativeFile.open(file, NativeFile.READ_WRITE)) {
      target.reserve(size.bytes());
    } catch (NativeException e) {
      switch (e.errno()) {
        case NativeFile.EOPNOTSUPP, NativeFile.ENOSYS -> writeZeros(channel, size.bytes());
        case NativeFile.ENOSPC ->
            throw new KurveException(
                ErrorCode.NO_SPACE,
                file
                    + " needs "
                    + size
                    + " and its file system has "
                    + new ByteSize(
                        Files.getFileStore(file.toAbsolutePath().getParent()).getUsableSpace())
                    + " left",
                "free some space or ask for a smaller disk",
                e);
        default -> throw e;
      }
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
}
