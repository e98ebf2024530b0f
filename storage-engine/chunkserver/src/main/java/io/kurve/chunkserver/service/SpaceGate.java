package io.kurve.chunkserver.service;

import io.kurve.chunkserver.store.SlotStore;
import io.kurve.core.log.ReplicatedLogs.LogSpace;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;

/** Whether there is room on the disk for one more entry, and for one more chunk. */
final class SpaceGate {
  private final SlotStore store;
  private final Supplier<LogSpace> logSpace;
  private final ServiceLimits limits;
  private final AtomicInteger creating = new AtomicInteger();

  SpaceGate(SlotStore store, Supplier<LogSpace> logSpace, ServiceLimits limits) {
    this.store = store;
    this.logSpace = logSpace;
    this.limits = limits;
  }

  boolean logIsFull() {
    LogSpace space = logSpace.get();
    return space.usedBytes() > space.totalBytes() / 100 * limits.logFullPercent();
  }

  /** False: no slot to promise; else {@link #created} must follow. */
  boolean promiseSlot() {
    int promised = creating.incrementAndGet();
    if (store.slotCount() - store.slotsUsed() - promised < limits.slotReserve()) {
      creating.decrementAndGet();
      return false;
    }
    return true;
  }

  void created() {
    creating.decrementAndGet();
  }
}
