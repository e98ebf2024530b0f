package io.kurve.core.disk;

import com.sun.nio.file.ExtendedOpenOption;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/** A {@link Disk} on a file or block device, locked against a second owner. */
public final class FileDisk implements Disk {
  private final Path path;
  private final FileChannel cached;
  private final FileChannel direct;
  private final FileLock lock;
  private final long sizeBytes;

  private FileDisk(
      Path path, FileChannel cached, FileChannel direct, FileLock lock, long sizeBytes) {
    this.path = path;
    this.cached = cached;
    this.direct = direct;
    this.lock = lock;
    this.sizeBytes = sizeBytes;
  }

  /**
   * @throws KurveException {@link ErrorCode#IN_USE} when another process has it open as a disk
   * @throws IOException when it does not exist or can't be opened past the cache
   */
  public static FileDisk open(Path path) throws IOException {
    FileChannel cached = FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE);
    try {
      FileLock lock = lock(path, cached, false);
      FileChannel direct =
          FileChannel.open(
              path,
              StandardOpenOption.READ,
              StandardOpenOption.WRITE,
              StandardOpenOption.DSYNC,
              ExtendedOpenOption.DIRECT);
      // A block device reports no size through stat: the end is found by seeking.
      return new FileDisk(path, cached, direct, lock, cached.size());
    } catch (IOException | RuntimeException e) {
      cached.close();
      throw e;
    }
  }

  /**
   * For looking only: every write fails.
   *
   * @throws KurveException {@link ErrorCode#IN_USE} when another process has it open as a disk
   */
  public static FileDisk openReadOnly(Path path) throws IOException {
    FileChannel cached = FileChannel.open(path, StandardOpenOption.READ);
    try {
      FileLock lock = lock(path, cached, true);
      FileChannel direct =
          FileChannel.open(path, StandardOpenOption.READ, ExtendedOpenOption.DIRECT);
      return new FileDisk(path, cached, direct, lock, cached.size());
    } catch (IOException | RuntimeException e) {
      cached.close();
      throw e;
    }
  }

  private static FileLock lock(Path path, FileChannel channel, boolean shared) throws IOException {
    @Nullable FileLock lock;
    try {
      lock = channel.tryLock(0, Long.MAX_VALUE, shared);
    } catch (OverlappingFileLockException e) {
      lock = null;
    }
    if (lock == null) {
      throw new KurveException(
          ErrorCode.IN_USE,
          path + " is open in another process",
          "stop that process, or use a disk of its own");
    }
    return lock;
  }

  @Override
  public String name() {
    return path.toString();
  }

  @Override
  public long sizeBytes() {
    return sizeBytes;
  }

  @Override
  public void read(long offset, ByteBuffer target) throws IOException {
    readFully(cached, offset, target);
  }

  @Override
  public void write(long offset, ByteBuffer source) throws IOException {
    writeFully(cached, offset, source);
  }

  @Override
  public void sync() throws IOException {
    cached.force(false);
  }

  @Override
  public void writeDurably(long offset, ByteBuffer source) throws IOException {
    writeFully(direct, offset, source);
  }

  @Override
  public void readDirect(long offset, ByteBuffer target) throws IOException {
    readFully(direct, offset, target);
  }

  @Override
  public void close() throws IOException {
    try (cached;
        direct) {
      lock.release();
    }
  }

  private void readFully(FileChannel channel, long offset, ByteBuffer target) throws IOException {
    long position = offset;
    while (target.hasRemaining()) {
      int count = channel.read(target, position);
      if (count < 0) {
        throw new EOFException(path + " ends at " + sizeBytes + ", before offset " + position);
      }
      position += count;
    }
  }

  private void writeFully(FileChannel channel, long offset, ByteBuffer source) throws IOException {
    if (offset + source.remaining() > sizeBytes) {
      throw new EOFException(path + " ends at " + sizeBytes + ": no write at " + offset);
    }
    long position = offset;
    while (source.hasRemaining()) {
      position += channel.write(source, position);
    }
  }
}
