package io.kurve.blockdev.fuse;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Holds a flush back until every change that arrived before it has been answered.
 *
 * <pre>
 *   changes   w1 w2 w3 | w4 w5 | w6
 *   flushes            f1      f2
 * </pre>
 *
 * Changes are counted by phase; a flush ends the phase. The oldest phase is done when it has ended
 * and its count is zero: then its flush runs and the next phase is the oldest. So f2 waits for w1
 * too, and a stream of new writes can't hold f1 up.
 */
final class FlushBarrier {
  /** The changes between two flushes. */
  static final class Phase {
    private int unanswered;
    private @Nullable Runnable flush;

    private Phase() {}

    private boolean isDone() {
      return flush != null && unanswered == 0;
    }
  }

  /** Guards the phases. */
  private final ReentrantLock lock = new ReentrantLock();

  /** Oldest first; the last one takes new changes. */
  private final ArrayDeque<Phase> phases = new ArrayDeque<>();

  FlushBarrier() {
    phases.add(new Phase());
  }

  /** A change arrives; {@link #answered} follows for certain. */
  Phase arrived() {
    lock.lock();
    try {
      Phase current = phases.getLast();
      current.unanswered++;
      return current;
    } finally {
      lock.unlock();
    }
  }

  void answered(Phase phase) {
    List<Runnable> due;
    lock.lock();
    try {
      phase.unanswered--;
      due = takeDue();
    } finally {
      lock.unlock();
    }
    due.forEach(Runnable::run);
  }

  /** Runs the flush as soon as all changes before it are answered, on whatever thread that is. */
  void afterEarlierChanges(Runnable flush) {
    List<Runnable> due;
    lock.lock();
    try {
      phases.getLast().flush = flush;
      phases.add(new Phase());
      due = takeDue();
    } finally {
      lock.unlock();
    }
    due.forEach(Runnable::run);
  }

  private List<Runnable> takeDue() {
    if (!phases.getFirst().isDone()) {
      return List.of();
    }
    List<Runnable> due = new ArrayList<>();
    while (phases.getFirst().isDone()) {
      Runnable flush = phases.removeFirst().flush;
      if (flush != null) {
        due.add(flush);
      }
    }
    return due;
  }
}
