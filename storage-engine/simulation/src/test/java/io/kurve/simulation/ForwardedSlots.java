package io.kurve.simulation;

import io.kurve.chunkserver.store.SlotStore;
import io.kurve.core.data.ChunkAddress;
import io.kurve.core.id.CopysetKey;
import java.nio.ByteBuffer;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** A store's slots as they are, for adapters that change one thing. */
class ForwardedSlots implements SlotStore {
  private final SlotStore slots;

  ForwardedSlots(SlotStore slots) {
    this.slots = slots;
  }

  @Override
  public Map<CopysetKey, CopysetControl> controls() {
    return slots.controls();
  }

  @Override
  public Slot allocate(ChunkAddress address, CopysetKey copyset) throws NoFreeSlot {
    return slots.allocate(address, copyset);
  }

  @Override
  public void free(Slot slot) {
    slots.free(slot);
  }

  @Override
  public int slotCount() {
    return slots.slotCount();
  }

  @Override
  public int slotsUsed() {
    return slots.slotsUsed();
  }

  @Override
  public void write(Slot slot, int firstBlock, ByteBuffer blocks, int[] checksums) {
    slots.write(slot, firstBlock, blocks, checksums);
  }

  @Override
  public void erase(Slot slot, int firstBlock, int count) {
    slots.erase(slot, firstBlock, count);
  }

  @Override
  public BitSet read(Slot slot, int firstBlock, int count, ByteBuffer target, int[] checksums) {
    return slots.read(slot, firstBlock, count, target, checksums);
  }

  @Override
  public BitSet checksums(Slot slot, int firstBlock, int count, int[] checksums) {
    return slots.checksums(slot, firstBlock, count, checksums);
  }

  @Override
  public BitSet written(Slot slot) {
    return slots.written(slot);
  }

  @Override
  public void checkpoint(List<CopysetControl> changed, Set<CopysetKey> removed) {
    slots.checkpoint(changed, removed);
  }
}
