package io.kurve.chunkserver.service;

import io.kurve.chunkserver.store.SlotStore;
import io.kurve.core.id.ChunkId;
import io.kurve.core.log.ReplicatedLogs.LogSpace;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Supplier;

/** Whether there is room on the disk for one more entry, and for one more chunk. */
final class SpaceGate {
  private final SlotStore store;
  private final Supplier<LogSpace> logSpace;
  private final ServiceLimits limits;

  /** Chunks whose slot is promised, each with how many first writes of it are under way. */
  private final Map<ChunkId, Integer> creating = new HashMap<>();

  SpaceGate(SlotStore store, Supplier<LogSpace> logSpace, ServiceLimits limits) {
    this.store = store;
    this.logSpace = logSpace;
    this.limits = limits;
  }

  boolean logIsFull() {
    LogSpace space = logSpace.get();
    return space.usedBytes() > space.totalBytes() / 100 * limits.logFullPercent();
  }

  /**
   * A slot for a chunk that has none; its first writes share it.
   *
   * @return false: no slot to promise; else {@link #created} must follow
   */
  synchronized boolean promiseSlot(ChunkId chunk) {
    int others = creating.getOrDefault(chunk, 0);
    int promised = creating.size() + (others == 0 ? 1 : 0);
    if (others == 0 && store.slotCount() - store.slotsUsed() - promised < limits.slotReserve()) {
      return false;
    }
    creating.put(chunk, others + 1);
    return true;
  }

  synchronized void created(ChunkId chunk) {
    creating.computeIfPresent(chunk, (same, writes) -> writes == 1 ? null : writes - 1);
  }
}
