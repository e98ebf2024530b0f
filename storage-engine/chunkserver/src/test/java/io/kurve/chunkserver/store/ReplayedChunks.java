package io.kurve.chunkserver.store;

import static io.kurve.chunkserver.store.StoreFixture.blocks;
import static org.assertj.core.api.Assertions.assertThat;

import io.kurve.chunkserver.store.SlotStore.CopysetControl;
import io.kurve.chunkserver.store.SlotStore.NoFreeSlot;
import io.kurve.chunkserver.store.SlotStore.Slot;
import io.kurve.core.id.CopysetKey;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * The least that a copyset is: a log that survives everything, chunks in slots, checkpoints at a
 * log index, and a model of what the chunks must hold.
 */
final class ReplayedChunks {
  sealed interface Entry {
    long chunk();

    record Write(long chunk, int firstBlock, int count, long mark) implements Entry {}

    record Erase(long chunk, int firstBlock, int count) implements Entry {}

    record Delete(long chunk) implements Entry {}
  }

  /** Entries stay below this block. */
  static final int BLOCKS_READ = 64;

  private final CopysetKey copyset;

  /** Durable; entry n has index n + 1. */
  private final List<Entry> log = new ArrayList<>();

  /** Chunk, then block, to the mark and the place in its write. */
  private final Map<Long, Map<Integer, ByteBuffer>> model = new TreeMap<>();

  private final Map<Long, Slot> slots = new TreeMap<>();
  private long applied;

  ReplayedChunks(CopysetKey copyset) {
    this.copyset = copyset;
  }

  /** Into the log: from here on it must never be lost. */
  void append(Entry entry) {
    log.add(entry);
    Map<Integer, ByteBuffer> chunk = model.getOrDefault(entry.chunk(), new HashMap<>());
    switch (entry) {
      case Entry.Write write -> {
        model.put(entry.chunk(), chunk);
        ByteBuffer data = blocks(write.mark(), write.count());
        for (int n = 0; n < write.count(); n++) {
          chunk.put(write.firstBlock() + n, data.slice(n * StoreFixture.BLOCK, StoreFixture.BLOCK));
        }
      }
      case Entry.Erase erase -> {
        for (int n = 0; n < erase.count(); n++) {
          chunk.remove(erase.firstBlock() + n);
        }
      }
      case Entry.Delete _ -> model.remove(entry.chunk());
    }
  }

  /** Applies what the log has; the disk may lose power on the way. */
  void apply(SlotStore store) throws NoFreeSlot {
    while (applied < log.size()) {
      applyOne(store, log.get((int) applied));
      applied++;
    }
  }

  private void applyOne(SlotStore store, Entry entry) throws NoFreeSlot {
    Slot slot = slots.get(entry.chunk());
    switch (entry) {
      case Entry.Write write -> {
        if (slot == null) {
          slot = store.allocate(StoreFixture.chunk(write.chunk()), copyset);
          slots.put(write.chunk(), slot);
        }
        StoreFixture.write(store, slot, write.firstBlock(), blocks(write.mark(), write.count()));
      }
      case Entry.Erase erase -> {
        if (slot != null) {
          store.erase(slot, erase.firstBlock(), erase.count());
        }
      }
      case Entry.Delete _ -> {
        if (slot != null) {
          slots.remove(entry.chunk());
          store.free(slot);
        }
      }
    }
  }

  CopysetControl control() {
    return StoreFixture.control(copyset, applied, List.copyOf(slots.values()));
  }

  /** After a start: goes back to the checkpoint, then applies the log again. */
  void recover(SlotStore store) throws NoFreeSlot {
    slots.clear();
    applied = 0;
    CopysetControl control = store.controls().get(copyset);
    if (control != null) {
      applied = control.at().index();
      control.slots().forEach(slot -> slots.put(slot.address().chunk().value(), slot));
    }
    apply(store);
  }

  void checkpoint(SlotStore store) {
    store.checkpoint(List.of(control()), Set.of());
  }

  boolean holds(long chunk) {
    return slots.containsKey(chunk);
  }

  /** Which blocks of each chunk are written, and the bytes of all that may be. */
  void assertEqualsModel(SlotStore store) {
    assertThat(slots.keySet()).containsAll(model.keySet());
    for (Map.Entry<Long, Slot> held : slots.entrySet()) {
      Map<Integer, ByteBuffer> expected = model.getOrDefault(held.getKey(), Map.of());
      assertThat(store.written(held.getValue()).stream().boxed())
          .as("blocks of chunk %d", held.getKey())
          .containsExactlyInAnyOrderElementsOf(expected.keySet());
      ByteBuffer bytes = StoreFixture.read(store, held.getValue(), 0, BLOCKS_READ);
      for (int n = 0; n < BLOCKS_READ; n++) {
        ByteBuffer block = bytes.slice(n * StoreFixture.BLOCK, StoreFixture.BLOCK);
        ByteBuffer right = expected.getOrDefault(n, StoreFixture.zeros(1));
        if (!block.equals(right)) {
          throw new AssertionError(
              "block %d of chunk %d has mark %d, not %d"
                  .formatted(n, held.getKey(), block.getLong(0), right.getLong(0)));
        }
      }
    }
  }
}
