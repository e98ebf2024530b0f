package io.kurve.core.disk;

import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * A raw block device or a preallocated file, opened by one owner.
 *
 * <p>Two ways lead to it. {@link #write} goes through a cache: it is not durable before {@link
 * #sync} and may reach the disk earlier, later, torn at 512 bytes, or not at all when the machine
 * dies. {@link #writeDurably} goes past the cache and is durable when it returns, without flushing
 * what {@code write} left in the cache; one region must be used in one of the two ways only.
 *
 * <p>Every method transfers all remaining bytes or throws. Safe for use by several threads.
 */
public interface Disk extends AutoCloseable {
  /** What messages call it: the path or the device. */
  String name();

  long sizeBytes();

  void read(long offset, ByteBuffer target) throws IOException;

  void write(long offset, ByteBuffer source) throws IOException;

  /** All writes that returned before the call are durable when it returns. */
  void sync() throws IOException;

  /**
   * Offset and remaining bytes are multiples of {@link #ALIGNMENT}; see {@link #allocateAligned}.
   */
  void writeDurably(long offset, ByteBuffer source) throws IOException;

  /** Reads past the cache; aligned as {@link #writeDurably}. */
  void readDirect(long offset, ByteBuffer target) throws IOException;

  @Override
  void close() throws IOException;

  int ALIGNMENT = 4096;

  /** A direct buffer that {@link #writeDurably} and {@link #readDirect} accept. */
  static ByteBuffer allocateAligned(int bytes) {
    return ByteBuffer.allocateDirect(bytes + ALIGNMENT - 1)
        .alignedSlice(ALIGNMENT)
        .limit(bytes)
        .slice();
  }
}
