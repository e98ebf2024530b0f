package io.kurve.client.volume;

import java.util.ArrayList;
import java.util.List;

/**
 * Keeps requests of one volume that touch the same block, and of which one changes it, in the order
 * in which they came: a later one waits until the earlier ones have ended. Without it a retried
 * write could overtake, or be overtaken by, a newer one to the same block.
 *
 * <p>A look at each request in flight finds the conflicts: there are few, bounded by the number
 * window.
 */
final class OverlapOrder {
  private final List<Entry> unfinished = new ArrayList<>();

  /** A block range of one request; {@code start} runs when nothing earlier is in its way. */
  static final class Entry {
    private final long firstBlock;
    private final long endBlock;
    private final boolean changes;
    private final Runnable start;
    private final List<Entry> dependents = new ArrayList<>(0);
    private int blockers;
    private int index;

    Entry(long firstBlock, long endBlock, boolean changes, Runnable start) {
      this.firstBlock = firstBlock;
      this.endBlock = endBlock;
      this.changes = changes;
      this.start = start;
    }

    private boolean conflictsWith(Entry other) {
      return (changes || other.changes)
          && firstBlock < other.endBlock
          && other.firstBlock < endBlock;
    }
  }

  /** Starts it now or when the last of those in its way has ended. */
  void add(Entry entry) {
    for (Entry earlier : unfinished) {
      if (earlier.conflictsWith(entry)) {
        earlier.dependents.add(entry);
        entry.blockers++;
      }
    }
    entry.index = unfinished.size();
    unfinished.add(entry);
    if (entry.blockers == 0) {
      entry.start.run();
    }
  }

  void ended(Entry entry) {
    Entry last = unfinished.removeLast();
    if (last != entry) {
      unfinished.set(entry.index, last);
      last.index = entry.index;
    }
    for (Entry dependent : entry.dependents) {
      if (--dependent.blockers == 0) {
        dependent.start.run();
      }
    }
  }
}
