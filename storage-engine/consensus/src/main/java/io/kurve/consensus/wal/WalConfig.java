package io.kurve.consensus.wal;

import io.kurve.core.disk.Disk;
import io.kurve.core.disk.Region;
import io.kurve.core.id.StoreGeneration;
import io.kurve.core.id.StoreId;
import java.time.Duration;

/**
 * Where a shared WAL lies and whose it is.
 *
 * @param generation of this start of the store: above that of every earlier start
 * @param segmentBytes fixed when the WAL is formatted
 */
public record WalConfig(
    Region region, StoreId store, StoreGeneration generation, int segmentBytes, Bounds bounds) {
  private static final int DEFAULT_SEGMENT_BYTES = 16 << 20;
  private static final int MIN_SEGMENT_BYTES = 64 << 10;

  public WalConfig {
    if (segmentBytes < MIN_SEGMENT_BYTES || segmentBytes % Disk.ALIGNMENT != 0) {
      throw new IllegalArgumentException(
          "WAL segments have whole 4 KiB blocks and at least "
              + MIN_SEGMENT_BYTES
              + " bytes, not "
              + segmentBytes);
    }
    if (region.lengthBytes() / segmentBytes < bounds.reserveSegments() + 2) {
      throw new IllegalArgumentException(
          "a WAL of "
              + region.lengthBytes()
              + " bytes has no room for "
              + (bounds.reserveSegments() + 2)
              + " segments of "
              + segmentBytes);
    }
    if (bounds.maxFrameBytes() > segmentBytes / 2) {
      throw new IllegalArgumentException(
          "frames of up to "
              + bounds.maxFrameBytes()
              + " bytes are too long for segments of "
              + segmentBytes);
    }
  }

  /** Segments of 16 MiB, or an eighth of a region that is too small for eight of them. */
  public static WalConfig withDefaults(Region region, StoreId store, StoreGeneration generation) {
    long eighth = region.lengthBytes() / 8 / Disk.ALIGNMENT * Disk.ALIGNMENT;
    int segmentBytes = (int) Math.min(DEFAULT_SEGMENT_BYTES, eighth);
    return new WalConfig(region, store, generation, segmentBytes, Bounds.forSegments(segmentBytes));
  }

  int segmentCount() {
    return Math.toIntExact(region.lengthBytes() / segmentBytes);
  }

  /**
   * Limits of a running WAL; none of them is part of the format.
   *
   * @param maxFrameBytes bounds what is written at once, and so the longest entry
   * @param maxQueuedBytes callers wait at the door while more than this waits for the disk
   * @param reserveSegments kept free of entries, for terms, votes, cuts and the next start
   * @param stallLimit a disk that answers no write for so long is treated as failed
   */
  public record Bounds(
      int maxFrameBytes, int maxQueuedBytes, int reserveSegments, Duration stallLimit) {
    private static final int MAX_FRAME_BYTES = 4 << 20;
    private static final int MAX_QUEUED_BYTES = 64 << 20;

    public Bounds {
      if (maxFrameBytes < 2 * Disk.ALIGNMENT || maxFrameBytes % Disk.ALIGNMENT != 0) {
        throw new IllegalArgumentException("a frame bound of " + maxFrameBytes + " is not usable");
      }
      if (reserveSegments < 2) {
        throw new IllegalArgumentException("the WAL's reserve has at least 2 segments");
      }
    }

    public static Bounds forSegments(int segmentBytes) {
      int half = segmentBytes / 2 / Disk.ALIGNMENT * Disk.ALIGNMENT;
      return new Bounds(
          Math.min(MAX_FRAME_BYTES, half), MAX_QUEUED_BYTES, 2, Duration.ofMinutes(2));
    }
  }
}
