package io.kurve.blockdev.fuse;

import io.kurve.core.unit.Geometry;

/**
 * How much of a mount is in flight.
 *
 * @param readers threads that share the one descriptor
 * @param maxBackground asynchronous requests that the kernel hands out before it queues them
 *     itself; loop I/O is of that kind
 * @param maxWriteBytes the longest read or write
 */
public record FuseLimits(int readers, int maxBackground, int maxWriteBytes) {
  /**
   * Buffers beyond {@link #maxBackground} for requests that the kernel doesn't count as background:
   * syncs, discards and look-ups still get through when all data requests are stalled.
   */
  private static final int SPARE_BUFFERS = 16;

  public FuseLimits {
    if (readers < 1 || readers > 64) {
      throw new IllegalArgumentException("readers must be in 1..64, not " + readers);
    }
    if (maxBackground < 1 || maxBackground > 1024) {
      throw new IllegalArgumentException("maxBackground must be in 1..1024, not " + maxBackground);
    }
    if (maxWriteBytes < Geometry.BLOCK_BYTES
        || maxWriteBytes > Geometry.MAX_REQUEST_BYTES
        || maxWriteBytes % Geometry.BLOCK_BYTES != 0) {
      throw new IllegalArgumentException(
          "maxWriteBytes must be whole blocks of 4 KiB, at most 1 MiB, not " + maxWriteBytes);
    }
  }

  public static FuseLimits standard() {
    return new FuseLimits(2, 64, Geometry.MAX_REQUEST_BYTES);
  }

  int buffers() {
    return readers + maxBackground + SPARE_BUFFERS;
  }
}
