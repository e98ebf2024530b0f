package io.kurve.protocol.data;

import io.kurve.core.id.StoreGeneration;
import io.kurve.core.id.StoreId;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The last start of each store that has spoken with this process since it began. A store's
 * generation grows with each start, so a process of a lower one has lost its disk to another
 * (docs/adr/015): its raft messages, questions and answers count for nothing.
 *
 * <pre>
 *   process of generation 4  ── append, vote ──> taken        (highest: 4)
 *   process of generation 5  ── append, vote ──> taken        (highest: 5)
 *   process of generation 4  ── append, vote ──> connection closed, the next one refused
 * </pre>
 *
 * <p>Only those count that the MDS has confirmed: they have a chunkserver id, or answer raft.
 */
final class StoreGenerations {
  private final Map<StoreId, Highest> stores = new ConcurrentHashMap<>();

  Highest of(StoreId store) {
    return stores.computeIfAbsent(store, absent -> new Highest());
  }

  /** Of one store. */
  static final class Highest {
    private final AtomicLong value = new AtomicLong();

    /** Remembers it; false when a later start has spoken. */
    boolean hears(StoreGeneration generation) {
      return value.get() == generation.value()
          || value.accumulateAndGet(generation.value(), Math::max) == generation.value();
    }

    /** Whether a later start has spoken. */
    boolean isOver(StoreGeneration generation) {
      return value.get() > generation.value();
    }

    String why(StoreId store, StoreGeneration generation) {
      return "generation "
          + generation.value()
          + " of store "
          + store
          + " is over: its generation "
          + value.get()
          + " has spoken here";
    }
  }
}
