package io.kurve.chunkserver.store;

import io.kurve.chunkserver.store.SlotStore.Slot;
import io.kurve.core.checksum.BlockChecksum;
import io.kurve.core.disk.Disk;
import io.kurve.core.id.StoreId;
import io.kurve.core.unit.Geometry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What each block of each slot must be: 8 bytes a block, on the disk and in its cache, never here.
 *
 * <pre>
 *   0  u32 data checksum   CRC32C of the block; of a block of zeros when never written
 *   4  u32 tag             CRC32C of these 48 bytes (0 is stored as 1):
 *                             0  store UUID
 *                            16  chunk id
 *                            24  slot generation
 *                            32  u32 data checksum
 *                            36  u32 block number in the slot
 *                            40  u32 kind: 1 = written, 2 = never written
 *                                (3 is kept for redirect-on-write)
 *                            44  u32 zero
 * </pre>
 *
 * <p>So an entry says who wrote it: one of zeros, of the slot's last owner, or moved from another
 * place is damage, and "never written" is a statement with a checksum, not the absence of one. An
 * entry never crosses a 512-byte sector, so that a torn page has whole entries, old or new.
 *
 * <p>Safe for use by several threads for different slots.
 */
final class ChecksumTable {
  static final byte DAMAGED = 0;
  static final byte WRITTEN = 1;
  static final byte NEVER_WRITTEN = 2;

  private static final Logger log = LoggerFactory.getLogger(ChecksumTable.class);
  private static final int ENTRIES_A_PAGE = Page.BYTES / StoreLayout.CHECKSUM_ENTRY_BYTES;

  private final Disk disk;
  private final StoreLayout layout;
  private final StoreId store;
  private final ThreadLocal<Scratch> scratches = ThreadLocal.withInitial(Scratch::new);

  /** A thread's own room to work in: no allocation for each block or call. */
  private static final class Scratch {
    final ByteBuffer entries = ByteBuffer.allocateDirect(StoreLayout.CHECKSUM_BYTES_A_SLOT);
    final byte[] kinds = new byte[Geometry.BLOCKS_PER_CHUNK];
    final ByteBuffer tagged = ByteBuffer.allocate(48);
    final CRC32C checksum = new CRC32C();
  }

  ChecksumTable(Disk disk, StoreLayout layout, StoreId store) {
    this.disk = disk;
    this.layout = layout;
    this.store = store;
  }

  /** A slot's first bytes of life: before this nobody may read it. */
  void reset(Slot slot) throws IOException {
    erase(slot, 0, Geometry.BLOCKS_PER_CHUNK);
  }

  void erase(Slot slot, int firstBlock, int count) throws IOException {
    Scratch scratch = scratches.get();
    begin(scratch, slot);
    for (int n = 0; n < count; n++) {
      put(scratch, firstBlock + n, BlockChecksum.ZERO_BLOCK, NEVER_WRITTEN);
    }
    disk.write(layout.checksumOffset(slot.number(), firstBlock), scratch.entries.flip());
  }

  void write(Slot slot, int firstBlock, int count, int[] checksums) throws IOException {
    Scratch scratch = scratches.get();
    begin(scratch, slot);
    for (int n = 0; n < count; n++) {
      put(scratch, firstBlock + n, checksums[n], WRITTEN);
    }
    disk.write(layout.checksumOffset(slot.number(), firstBlock), scratch.entries.flip());
  }

  /**
   * Reads and verifies entries. What can't be read is damaged.
   *
   * @param checksums receives the data checksum of each block, 0 where the entry is damaged
   * @return the kind of each, valid until this thread's next call
   */
  byte[] read(Slot slot, int firstBlock, int count, int[] checksums) {
    Scratch scratch = scratches.get();
    begin(scratch, slot);
    scratch.entries.limit(count * StoreLayout.CHECKSUM_ENTRY_BYTES);
    try {
      disk.read(layout.checksumOffset(slot.number(), firstBlock), scratch.entries);
    } catch (IOException e) {
      log.warn("{}: can't read block checksums of {}: {}", disk.name(), slot, e.getMessage());
      readByPage(scratch, slot, firstBlock, count);
    }
    for (int n = 0; n < count; n++) {
      int at = n * StoreLayout.CHECKSUM_ENTRY_BYTES;
      int checksum = scratch.entries.getInt(at);
      int tag = scratch.entries.getInt(at + Integer.BYTES);
      byte kind = kind(scratch, firstBlock + n, checksum, tag);
      scratch.kinds[n] = kind;
      checksums[n] = kind == DAMAGED ? 0 : checksum;
    }
    return scratch.kinds;
  }

  /** Leaves zeros, which are no valid entry, for the pages that can't be read. */
  private void readByPage(Scratch scratch, Slot slot, int firstBlock, int count) {
    int done = 0;
    while (done < count) {
      int block = firstBlock + done;
      int step = Math.min(count - done, ENTRIES_A_PAGE - block % ENTRIES_A_PAGE);
      int begin = done * StoreLayout.CHECKSUM_ENTRY_BYTES;
      int end = (done + step) * StoreLayout.CHECKSUM_ENTRY_BYTES;
      scratch.entries.limit(end).position(begin);
      try {
        disk.read(layout.checksumOffset(slot.number(), block), scratch.entries);
      } catch (IOException e) {
        log.warn(
            "{}: the checksums of blocks {} to {} of {} are lost: {}",
            disk.name(),
            block,
            block + step - 1,
            slot,
            e.getMessage());
        for (int at = begin; at < end; at += Long.BYTES) {
          scratch.entries.putLong(at, 0);
        }
      }
      done += step;
    }
  }

  private void begin(Scratch scratch, Slot slot) {
    scratch.entries.clear();
    scratch
        .tagged
        .putLong(0, store.value().getMostSignificantBits())
        .putLong(8, store.value().getLeastSignificantBits())
        .putLong(16, slot.address().chunk().value())
        .putLong(24, slot.generation());
  }

  private static void put(Scratch scratch, int block, int checksum, byte kind) {
    scratch.entries.putInt(checksum);
    scratch.entries.putInt(tag(scratch, block, checksum, kind));
  }

  private static byte kind(Scratch scratch, int block, int checksum, int tag) {
    if (tag == tag(scratch, block, checksum, WRITTEN)) {
      return WRITTEN;
    }
    if (checksum == BlockChecksum.ZERO_BLOCK
        && tag == tag(scratch, block, checksum, NEVER_WRITTEN)) {
      return NEVER_WRITTEN;
    }
    return DAMAGED;
  }

  private static int tag(Scratch scratch, int block, int checksum, byte kind) {
    scratch.tagged.putInt(32, checksum).putInt(36, block).putInt(40, kind);
    scratch.checksum.reset();
    scratch.checksum.update(scratch.tagged.array());
    int tag = (int) scratch.checksum.getValue();
    return tag == 0 ? 1 : tag;
  }
}
