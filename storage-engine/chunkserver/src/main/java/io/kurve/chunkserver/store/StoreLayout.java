package io.kurve.chunkserver.store;

import io.kurve.core.disk.Disk;
import io.kurve.core.disk.Region;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.unit.ByteSize;
import io.kurve.core.unit.Geometry;
import java.util.OptionalLong;

/**
 * Where everything is on a disk, format version 1. Fixed when the disk is formatted, stored in the
 * superblocks, never computed again.
 *
 * <pre>
 *          0  +--------------------------------+
 *             | superblock A             4 KiB |  {@link Superblock}; written past the cache
 *             | disk faults              4 KiB |  {@link DiskFaults}; zeros while no write has failed
 *             | zeros                          |
 *      1 MiB  +--------------------------------+
 *             | WAL                            |  the WAL's own format; written past the cache
 *             +--------------------------------+
 *             | control area 0                 |  {@link ControlImage}; checkpoints go to the two
 *             | control area 1                 |  in turn; written past the cache
 *             +--------------------------------+
 *             | slot headers      4 KiB a slot |  {@link SlotHeader}
 *             +--------------------------------+
 *             | block checksums  32 KiB a slot |  {@link ChecksumTable}: 8 bytes a block
 *             +--------------------------------+  at a multiple of 1 MiB:
 *             | slots            16 MiB a slot |  4096 blocks of 4 KiB
 *             +--------------------------------+
 *             | unused, less than a slot       |
 *             | superblock B             4 KiB |  at the last multiple of 4 KiB that has room
 * totalBytes  +--------------------------------+
 * </pre>
 *
 * <p>All numbers on disk are big-endian, UUIDs as two such numbers, and each structure begins at a
 * multiple of 4 KiB. Bytes that are not named are zeros.
 *
 * @param totalBytes up to the end of superblock B; what the disk has behind it is not used
 * @param controls both areas, each one half
 */
public record StoreLayout(
    long totalBytes, Region wal, Region controls, Region headers, Region checksums, Region slots) {
  public static final int FORMAT_VERSION = 1;
  public static final int PAGE_BYTES = 4096;

  static final int CHECKSUM_ENTRY_BYTES = 8;
  static final int CHECKSUM_BYTES_A_SLOT = Geometry.BLOCKS_PER_CHUNK * CHECKSUM_ENTRY_BYTES;

  private static final long FIRST_REGION_OFFSET = 1 << 20;
  private static final long SLOTS_ALIGNMENT = 1 << 20;
  private static final long MIN_DEFAULT_WAL_BYTES = 64L << 20;
  private static final long MAX_DEFAULT_WAL_BYTES = 1L << 30;
  private static final long CONTROL_BASE_BYTES = 8L << 20;
  private static final long CONTROL_BYTES_A_SLOT = 256;
  private static final long MAX_CONTROL_AREA_BYTES = 1L << 30;
  private static final long MAX_SLOTS = 1 << 26;

  public StoreLayout {
    boolean inOrder =
        wal.offset() == FIRST_REGION_OFFSET
            && wal.end() == controls.offset()
            && controls.end() == headers.offset()
            && headers.end() == checksums.offset()
            && checksums.end() <= slots.offset()
            && slots.end() + PAGE_BYTES <= totalBytes
            && totalBytes % PAGE_BYTES == 0;
    long slotCount = headers.lengthBytes() / PAGE_BYTES;
    if (!inOrder
        || slotCount > MAX_SLOTS
        || controls.lengthBytes() % (2L * PAGE_BYTES) != 0
        || controls.lengthBytes() / 2 > MAX_CONTROL_AREA_BYTES
        || checksums.lengthBytes() != slotCount * CHECKSUM_BYTES_A_SLOT
        || slots.offset() % PAGE_BYTES != 0
        || slots.lengthBytes() != slotCount * Geometry.CHUNK_BYTES) {
      throw new IllegalArgumentException("the regions contradict each other");
    }
  }

  /**
   * As many slots as fit.
   *
   * @param walBytes a sixteenth of the disk when absent, but 64 MiB to 1 GiB
   * @param controlAreaBytes of each of the two; 8 MiB and 256 bytes a slot when absent
   * @throws KurveException {@link ErrorCode#NO_SPACE} when not one slot fits
   */
  public static StoreLayout of(
      ByteSize disk, OptionalLong walBytes, OptionalLong controlAreaBytes) {
    long totalBytes = disk.bytes() / PAGE_BYTES * PAGE_BYTES;
    long wal =
        walBytes.orElse(
            Math.clamp(
                roundUp(totalBytes / 16, PAGE_BYTES),
                MIN_DEFAULT_WAL_BYTES,
                MAX_DEFAULT_WAL_BYTES));
    if (wal < PAGE_BYTES || wal % PAGE_BYTES != 0) {
      throw new KurveException(
          ErrorCode.INVALID_ARGUMENT,
          "a WAL of " + wal + " bytes is not a multiple of 4 KiB",
          "choose 64MiB or more");
    }
    long minimum = plan(1, wal, controlAreaBytes).totalBytes;
    if (totalBytes < minimum) {
      throw new KurveException(
          ErrorCode.NO_SPACE,
          "a disk of " + disk + " is too small: a store needs at least " + new ByteSize(minimum),
          "use a larger disk or file");
    }
    long slots = Math.min((totalBytes - minimum) / Geometry.CHUNK_BYTES + 1, MAX_SLOTS);
    while (plan(slots, wal, controlAreaBytes).totalBytes > totalBytes) {
      slots--;
    }
    StoreLayout tight = plan(slots, wal, controlAreaBytes);
    return new StoreLayout(
        totalBytes, tight.wal, tight.controls, tight.headers, tight.checksums, tight.slots);
  }

  private static StoreLayout plan(long slots, long walBytes, OptionalLong controlAreaBytes) {
    long controlBytes =
        roundUp(
            controlAreaBytes.orElse(
                Math.min(
                    CONTROL_BASE_BYTES + slots * CONTROL_BYTES_A_SLOT, MAX_CONTROL_AREA_BYTES)),
            PAGE_BYTES);
    Region wal = new Region(FIRST_REGION_OFFSET, walBytes);
    Region controls = new Region(wal.end(), 2 * controlBytes);
    Region headers = new Region(controls.end(), slots * PAGE_BYTES);
    Region checksums = new Region(headers.end(), slots * CHECKSUM_BYTES_A_SLOT);
    Region data =
        new Region(roundUp(checksums.end(), SLOTS_ALIGNMENT), slots * Geometry.CHUNK_BYTES);
    return new StoreLayout(data.end() + PAGE_BYTES, wal, controls, headers, checksums, data);
  }

  private static long roundUp(long value, long granule) {
    return Math.ceilDiv(value, granule) * granule;
  }

  public int slotCount() {
    return (int) (headers.lengthBytes() / PAGE_BYTES);
  }

  /** Where superblock B of a store that fills the disk is. */
  static long superblockBOffset(long diskBytes) {
    return diskBytes / PAGE_BYTES * PAGE_BYTES - PAGE_BYTES;
  }

  public long superblockBOffset() {
    return totalBytes - PAGE_BYTES;
  }

  /**
   * @param number 0 or 1
   */
  public Region controlArea(int number) {
    long length = controls.lengthBytes() / 2;
    return new Region(controls.offset() + number * length, length);
  }

  long headerOffset(int slot) {
    return headers.offset() + (long) slot * PAGE_BYTES;
  }

  long checksumOffset(int slot, int block) {
    return checksums.offset()
        + (long) slot * CHECKSUM_BYTES_A_SLOT
        + (long) block * CHECKSUM_ENTRY_BYTES;
  }

  long blockOffset(int slot, int block) {
    return slots.offset() + (long) slot * Geometry.CHUNK_BYTES + (long) block * Disk.ALIGNMENT;
  }
}
