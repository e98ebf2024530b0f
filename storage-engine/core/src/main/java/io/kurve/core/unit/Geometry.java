package io.kurve.core.unit;

/** Sizes that the on-disk format and the protocol fix for ever. All in bytes unless named. */
public final class Geometry {
  /** Unit of checksum, of redirect-on-write and of writes to a chunk. */
  public static final int BLOCK_BYTES = 4096;

  public static final int CHUNK_BYTES = 16 << 20;
  public static final int BLOCKS_PER_CHUNK = CHUNK_BYTES / BLOCK_BYTES;
  public static final int CHUNKS_PER_SEGMENT = 64;
  public static final long SEGMENT_BYTES = (long) CHUNK_BYTES * CHUNKS_PER_SEGMENT;

  /** Volumes are whole multiples of this. */
  public static final long VOLUME_GRANULE_BYTES = CHUNK_BYTES;

  /** The longest payload of one data request. */
  public static final int MAX_REQUEST_BYTES = 1 << 20;

  private Geometry() {}
}
