package io.kurve.simulation;

import io.kurve.chunkserver.store.SlotStore;
import io.kurve.core.checksum.BlockChecksum;
import io.kurve.core.unit.Geometry;
import java.nio.ByteBuffer;
import java.util.BitSet;

/** Calls no block damaged, and gives checksums that fit whatever it read. */
final class BelievingSlots extends ForwardedSlots {
  BelievingSlots(SlotStore slots) {
    super(slots);
  }

  @Override
  public BitSet read(Slot slot, int firstBlock, int count, ByteBuffer target, int[] checksums) {
    ByteBuffer blocks = target.slice(target.position(), count * Geometry.BLOCK_BYTES);
    var _ = super.read(slot, firstBlock, count, target, checksums);
    int[] fitting = BlockChecksum.ofBlocks(blocks);
    System.arraycopy(fitting, 0, checksums, 0, count);
    return new BitSet();
  }
}
