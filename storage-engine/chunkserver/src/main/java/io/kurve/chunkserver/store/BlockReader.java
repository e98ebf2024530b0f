package io.kurve.chunkserver.store;

import io.kurve.chunkserver.store.SlotStore.Slot;
import io.kurve.core.disk.Disk;
import io.kurve.core.unit.Geometry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.BitSet;
import java.util.zip.CRC32C;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One read of consecutive blocks of a slot, each held against its entry in the table. */
final class BlockReader {
  private static final Logger log = LoggerFactory.getLogger(BlockReader.class);
  private static final byte[] ZERO_BLOCK = new byte[Geometry.BLOCK_BYTES];

  private final Disk disk;
  private final long offset;
  private final Slot slot;
  private final ByteBuffer target;
  private final int start;
  private final BitSet damaged = new BitSet();

  /**
   * @param target receives the blocks from its position on
   */
  BlockReader(Disk disk, StoreLayout layout, Slot slot, int firstBlock, ByteBuffer target) {
    this.disk = disk;
    this.offset = layout.blockOffset(slot.number(), firstBlock);
    this.slot = slot;
    this.target = target;
    this.start = target.position();
  }

  /** Returns the damaged ones; the target's position is behind the last block. */
  BitSet read(byte[] kinds, int count, int[] checksums) {
    int limit = target.limit();
    fetchWritten(kinds, count);
    CRC32C checksum = new CRC32C();
    for (int n = 0; n < count; n++) {
      select(n, n + 1);
      switch (kinds[n]) {
        case ChecksumTable.WRITTEN -> {
          checksum.reset();
          checksum.update(target);
          if ((int) checksum.getValue() != checksums[n]) {
            damaged.set(n);
          }
        }
        case ChecksumTable.NEVER_WRITTEN -> target.put(ZERO_BLOCK);
        default -> damaged.set(n);
      }
    }
    target.limit(limit).position(start + count * Geometry.BLOCK_BYTES);
    return damaged;
  }

  /** In one read from the first written block to the last. */
  private void fetchWritten(byte[] kinds, int count) {
    int first = 0;
    while (first < count && kinds[first] != ChecksumTable.WRITTEN) {
      first++;
    }
    int end = count;
    while (end > first && kinds[end - 1] != ChecksumTable.WRITTEN) {
      end--;
    }
    if (first == end) {
      return;
    }
    try {
      fetch(first, end);
    } catch (IOException e) {
      log.warn("{}: can't read blocks of {}: {}", disk.name(), slot, e.getMessage());
      fetchOneByOne(first, end);
    }
  }

  private void fetchOneByOne(int first, int end) {
    for (int n = first; n < end; n++) {
      try {
        fetch(n, n + 1);
      } catch (IOException e) {
        log.warn(
            "{}: the block at {} of {} is lost: {}",
            disk.name(),
            offset + (long) n * Geometry.BLOCK_BYTES,
            slot,
            e.getMessage());
        damaged.set(n);
      }
    }
  }

  private void fetch(int first, int end) throws IOException {
    select(first, end);
    disk.read(offset + (long) first * Geometry.BLOCK_BYTES, target);
  }

  private void select(int first, int end) {
    target.limit(start + end * Geometry.BLOCK_BYTES).position(start + first * Geometry.BLOCK_BYTES);
  }
}
