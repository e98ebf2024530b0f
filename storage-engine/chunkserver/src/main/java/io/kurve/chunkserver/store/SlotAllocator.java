package io.kurve.chunkserver.store;

import io.kurve.chunkserver.store.SlotStore.NoFreeSlot;
import io.kurve.chunkserver.store.SlotStore.Slot;
import java.util.BitSet;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Which slots are free, in memory only: a start takes it from the control checkpoint.
 *
 * <pre>
 *   free --take--> in use --free--> pending --release--> free
 *                                   (until the newest durable checkpoint does not hold it)
 * </pre>
 */
final class SlotAllocator {
  private static final long NOBODY = 0;

  /** Guards free, pending and nextCounter; held for a few steps in memory, never over I/O. */
  private final ReentrantLock lock = new ReentrantLock();

  private final BitSet free;
  private final Map<Integer, Slot> pending = new TreeMap<>();
  private final long generationBase;
  private long nextCounter = 1;

  /** The generation in each slot, in use or pending; read without the lock on each data call. */
  private final AtomicLongArray generations;

  /**
   * @param storeGeneration the upper half of each generation given out, so that none repeats
   */
  SlotAllocator(int slotCount, long storeGeneration, Collection<Slot> inUse) {
    free = new BitSet(slotCount);
    free.set(0, slotCount);
    generations = new AtomicLongArray(slotCount);
    generationBase = Math.multiplyExact(storeGeneration, 1L << 32);
    for (Slot slot : inUse) {
      free.clear(slot.number());
      generations.set(slot.number(), slot.generation());
    }
  }

  record Taken(int number, long generation) {}

  Taken take() throws NoFreeSlot {
    lock.lock();
    try {
      int number = free.nextSetBit(0);
      if (number < 0) {
        throw new NoFreeSlot(
            "all %d slots are in use, %d of them freed and waiting for a checkpoint"
                .formatted(generations.length(), pending.size()));
      }
      free.clear(number);
      long generation = generationBase + nextCounter;
      nextCounter++;
      generations.set(number, generation);
      return new Taken(number, generation);
    } finally {
      lock.unlock();
    }
  }

  void free(Slot slot) {
    lock.lock();
    try {
      requireLive(slot);
      if (pending.putIfAbsent(slot.number(), slot) != null) {
        throw new IllegalStateException(slot + " was freed before");
      }
    } finally {
      lock.unlock();
    }
  }

  List<Slot> pending() {
    lock.lock();
    try {
      return List.copyOf(pending.values());
    } finally {
      lock.unlock();
    }
  }

  void release(List<Slot> slots) {
    lock.lock();
    try {
      for (Slot slot : slots) {
        pending.remove(slot.number());
        generations.set(slot.number(), NOBODY);
        free.set(slot.number());
      }
    } finally {
      lock.unlock();
    }
  }

  int used() {
    lock.lock();
    try {
      return generations.length() - free.cardinality();
    } finally {
      lock.unlock();
    }
  }

  /** In use or pending. */
  boolean isLive(Slot slot) {
    return slot.number() >= 0
        && slot.number() < generations.length()
        && generations.get(slot.number()) == slot.generation();
  }

  void requireLive(Slot slot) {
    if (!isLive(slot)) {
      throw new IllegalStateException(slot + " is not in use in this generation");
    }
  }
}
