package io.kurve.chunkserver.copyset;

import io.kurve.chunkserver.store.SlotStore;
import io.kurve.core.checksum.BlockChecksum;
import io.kurve.core.data.ChunkAddress;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.unit.Geometry;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * A store in memory that forgets at a crash what was not checkpointed: each such block is then the
 * old one, the new one or damaged. It fails the test when a slot is handed out that a durable
 * control state still names.
 */
public final class FakeSlotStore implements SlotStore {
  private record Block(byte[] data, int checksum, boolean damaged, boolean entryDamaged) {}

  private final int slotCount;
  private final Map<Integer, Map<Integer, Block>> live = new TreeMap<>();
  private final Map<Integer, Map<Integer, Block>> durable = new TreeMap<>();
  private final TreeSet<Integer> free = new TreeSet<>();
  private final TreeSet<Integer> freed = new TreeSet<>();
  private final Map<Long, Slot> handedOut = new HashMap<>();
  private final Map<Integer, Long> generations = new HashMap<>();
  private Map<CopysetKey, CopysetControl> controls = new TreeMap<>();
  private long nextGeneration = 1;
  private int checkpoints;
  long writes;
  long blocksRead;

  /** Runs when blocks are about to be written. */
  volatile Runnable beforeWrite = () -> {};

  /** What it throws is what the checkpoint throws. */
  public Runnable beforeCheckpoint = () -> {};

  public FakeSlotStore(int slotCount) {
    this.slotCount = slotCount;
    for (int slot = 0; slot < slotCount; slot++) {
      free.add(slot);
    }
  }

  /** The machine loses power and comes back. */
  synchronized void crash(RandomGenerator random) {
    for (int slot = 0; slot < slotCount; slot++) {
      Map<Integer, Block> after = new HashMap<>(blocks(durable, slot));
      TreeSet<Integer> touched = new TreeSet<>(blocks(durable, slot).keySet());
      touched.addAll(blocks(live, slot).keySet());
      for (int block : touched) {
        Block was = blocks(durable, slot).get(block);
        Block is = blocks(live, slot).get(block);
        if (Objects.equals(was, is)) {
          continue;
        }
        switch (random.nextInt(3)) {
          case 0 -> put(after, block, is);
          case 1 -> put(after, block, was);
          default -> after.put(block, new Block(new byte[Geometry.BLOCK_BYTES], 0, true, true));
        }
      }
      durable.put(slot, after);
      live.put(slot, new HashMap<>(after));
    }
    free.clear();
    freed.clear();
    for (int slot = 0; slot < slotCount; slot++) {
      free.add(slot);
    }
    controls.values().forEach(c -> c.slots().forEach(slot -> free.remove(slot.number())));
  }

  private static void put(Map<Integer, Block> blocks, int block, @Nullable Block content) {
    if (content == null) {
      blocks.remove(block);
    } else {
      blocks.put(block, content);
    }
  }

  private static Map<Integer, Block> blocks(Map<Integer, Map<Integer, Block>> of, int slot) {
    return of.computeIfAbsent(slot, absent -> new HashMap<>());
  }

  public synchronized void damage(Slot slot, int block) {
    Block good = Objects.requireNonNull(blocks(live, slot.number()).get(block));
    byte[] bad = good.data().clone();
    bad[17] ^= 1;
    blocks(live, slot.number()).put(block, new Block(bad, good.checksum(), true, false));
  }

  public synchronized void damageEntry(Slot slot, int block) {
    blocks(live, slot.number())
        .put(block, new Block(new byte[Geometry.BLOCK_BYTES], 0, true, true));
  }

  /** The last durable control state of the tests' copyset. */
  public synchronized CopysetControl control() {
    return Objects.requireNonNull(controls.get(Samples.COPYSET));
  }

  /** The slot that was handed out last for a chunk. */
  public synchronized Slot slotOf(long chunk) {
    return Objects.requireNonNull(handedOut.get(chunk));
  }

  public int checkpoints() {
    return checkpoints;
  }

  @Override
  public synchronized Map<CopysetKey, CopysetControl> controls() {
    return Map.copyOf(controls);
  }

  @Override
  public synchronized Slot allocate(ChunkAddress address, CopysetKey copyset) throws NoFreeSlot {
    Integer number = free.pollFirst();
    if (number == null) {
      throw new NoFreeSlot("all " + slotCount + " slots are in use");
    }
    for (CopysetControl control : controls.values()) {
      if (control.slots().stream().anyMatch(slot -> slot.number() == number)) {
        throw new AssertionError("slot " + number + " is reused while a checkpoint names it");
      }
    }
    live.put(number, new HashMap<>());
    generations.put(number, nextGeneration);
    Slot slot = new Slot(number, nextGeneration++, address, copyset);
    handedOut.put(address.chunk().value(), slot);
    return slot;
  }

  @Override
  public synchronized void free(Slot slot) {
    if (!freed.add(slot.number()) || free.contains(slot.number())) {
      throw new AssertionError(slot + " is freed twice");
    }
    CopysetControl durable = controls.get(slot.copyset());
    if (durable == null || !durable.slots().contains(slot)) {
      freed.remove(slot.number());
      free.add(slot.number());
    }
  }

  @Override
  public int slotCount() {
    return slotCount;
  }

  @Override
  public synchronized int slotsUsed() {
    return slotCount - free.size();
  }

  @Override
  public void write(Slot slot, int firstBlock, ByteBuffer data, int[] checksums) {
    beforeWrite.run();
    put(slot, firstBlock, data, checksums);
  }

  private synchronized void put(Slot slot, int firstBlock, ByteBuffer data, int[] checksums) {
    check(slot);
    for (int i = 0; i < checksums.length; i++) {
      byte[] block = new byte[Geometry.BLOCK_BYTES];
      data.get(block);
      if (BlockChecksum.of(ByteBuffer.wrap(block)) != checksums[i]) {
        throw new AssertionError("a block with a foreign checksum reached the store");
      }
      blocks(live, slot.number()).put(firstBlock + i, new Block(block, checksums[i], false, false));
      writes++;
    }
  }

  @Override
  public synchronized void erase(Slot slot, int firstBlock, int count) {
    check(slot);
    for (int i = 0; i < count; i++) {
      blocks(live, slot.number()).remove(firstBlock + i);
    }
  }

  @Override
  public synchronized BitSet read(
      Slot slot, int firstBlock, int count, ByteBuffer target, int[] checksums) {
    check(slot);
    blocksRead += count;
    BitSet damaged = new BitSet();
    for (int i = 0; i < count; i++) {
      Block block = blocks(live, slot.number()).get(firstBlock + i);
      target.put(block == null ? new byte[Geometry.BLOCK_BYTES] : block.data());
      checksums[i] = block == null ? BlockChecksum.ZERO_BLOCK : block.checksum();
      damaged.set(i, block != null && block.damaged());
    }
    return damaged;
  }

  @Override
  public synchronized BitSet checksums(Slot slot, int firstBlock, int count, int[] checksums) {
    check(slot);
    BitSet damaged = new BitSet();
    for (int i = 0; i < count; i++) {
      Block block = blocks(live, slot.number()).get(firstBlock + i);
      checksums[i] = block == null ? BlockChecksum.ZERO_BLOCK : block.checksum();
      damaged.set(i, block != null && block.entryDamaged());
    }
    return damaged;
  }

  @Override
  public synchronized BitSet written(Slot slot) {
    check(slot);
    BitSet written = new BitSet();
    blocks(live, slot.number()).keySet().forEach(written::set);
    return written;
  }

  @Override
  public synchronized void checkpoint(List<CopysetControl> changed, Set<CopysetKey> removed) {
    beforeCheckpoint.run();
    live.forEach((slot, blocks) -> durable.put(slot, new HashMap<>(blocks)));
    controls = new TreeMap<>(controls);
    changed.forEach(control -> controls.put(control.copyset(), control));
    removed.forEach(controls::remove);
    List<Integer> released = new ArrayList<>(freed);
    freed.clear();
    free.addAll(released);
    checkpoints++;
  }

  private void check(Slot slot) {
    Long generation = generations.get(slot.number());
    if (generation == null || generation != slot.generation() || free.contains(slot.number())) {
      throw new AssertionError(slot + " is used after it was given back");
    }
  }
}
