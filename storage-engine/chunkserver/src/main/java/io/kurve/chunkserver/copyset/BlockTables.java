package io.kurve.chunkserver.copyset;

import io.kurve.chunkserver.copyset.ReplicaPeer.BlockTable;
import io.kurve.chunkserver.store.SlotStore;
import io.kurve.chunkserver.store.SlotStore.Slot;
import io.kurve.core.unit.Geometry;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.BitSet;
import java.util.Optional;
import java.util.OptionalInt;

/** A chunk's block table as a whole, and its digest. */
final class BlockTables {
  private BlockTables() {}

  /** Empty when an entry of the table is damaged. */
  static Optional<BlockTable> of(SlotStore store, Slot slot) {
    int[] checksums = new int[Geometry.BLOCKS_PER_CHUNK];
    BitSet damaged = store.checksums(slot, 0, Geometry.BLOCKS_PER_CHUNK, checksums);
    return damaged.isEmpty()
        ? Optional.of(new BlockTable(slot.address(), store.written(slot), checksums))
        : Optional.empty();
  }

  /** A block whose entry in the table is damaged. */
  static OptionalInt firstDamaged(SlotStore store, Slot slot) {
    int count = Geometry.BLOCKS_PER_CHUNK;
    return store.checksums(slot, 0, count, new int[count]).stream().findFirst();
  }

  static Digest128 digest(BlockTable table) {
    MessageDigest hash = Digest128.newHash();
    ByteBuffer content = ByteBuffer.allocate(Geometry.BLOCKS_PER_CHUNK * (Integer.BYTES + 1));
    for (int block = 0; block < Geometry.BLOCKS_PER_CHUNK; block++) {
      boolean written = table.written().get(block);
      content.put((byte) (written ? 1 : 0)).putInt(written ? table.checksums()[block] : 0);
    }
    hash.update(content.flip());
    return Digest128.from(hash);
  }
}
