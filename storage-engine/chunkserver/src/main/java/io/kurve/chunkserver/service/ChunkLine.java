package io.kurve.chunkserver.service;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * The order of changes to one chunk at the leader, for one term.
 *
 * <pre>
 *   under way: handed to the log or being compared, in any order
 *   waiting:   compare-and-writes, until nothing under way touches their block,
 *              and whatever overlaps one that waits, behind it
 *   unknown:   ended without an answer: may be applied at any time in this term
 * </pre>
 *
 * <p>Plain changes overtake each other freely, as the log orders them; only a compare-and-write
 * needs to know that its block stands still. Its owner guards it.
 */
final class ChunkLine {
  private final Set<PendingChange> underWay = new LinkedHashSet<>();
  private final Deque<PendingChange> waiting = new ArrayDeque<>();
  private final List<PendingChange> unknown = new ArrayList<>();

  enum Place {
    /** To be compared or proposed now; it is under way. */
    GO,
    WAIT,
    /** Behind one whose end nobody knows in this term. */
    BLOCKED
  }

  Place enter(PendingChange change) {
    boolean behind = waiting.stream().anyMatch(change::overlaps) || comparing(change);
    if (change.comparesFirst() || behind) {
      if (unknown.stream().anyMatch(change::overlaps)) {
        return Place.BLOCKED;
      }
      if (behind || underWay.stream().anyMatch(change::overlaps)) {
        waiting.add(change);
        return Place.WAIT;
      }
    }
    underWay.add(change);
    return Place.GO;
  }

  /** The change ended with an answer; gives those that may go now. */
  List<PendingChange> left(PendingChange change) {
    underWay.remove(change);
    List<PendingChange> go = new ArrayList<>();
    List<PendingChange> stillWaiting = new ArrayList<>();
    Iterator<PendingChange> line = waiting.iterator();
    while (line.hasNext()) {
      PendingChange next = line.next();
      if (stillWaiting.stream().anyMatch(next::overlaps)
          || (next.comparesFirst() && underWay.stream().anyMatch(next::overlaps))
          || comparing(next)) {
        stillWaiting.add(next);
      } else {
        line.remove();
        underWay.add(next);
        go.add(next);
      }
    }
    return go;
  }

  /** A plain change must not pass a compare-and-write that is being compared. */
  private boolean comparing(PendingChange next) {
    return underWay.stream().anyMatch(other -> other.comparesFirst() && next.overlaps(other));
  }

  /** The change ended without an answer; gives those that wait behind it and can't go any more. */
  List<PendingChange> leftUnknown(PendingChange change) {
    underWay.remove(change);
    unknown.add(change);
    List<PendingChange> blocked = new ArrayList<>();
    waiting.removeIf(next -> {
      boolean behind = next.overlaps(change) || blocked.stream().anyMatch(next::overlaps);
      if (behind) {
        blocked.add(next);
      }
      return behind;
    });
    return blocked;
  }

  boolean isIdle() {
    return underWay.isEmpty() && waiting.isEmpty() && unknown.isEmpty();
  }
}
