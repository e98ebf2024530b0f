package io.kurve.testkit.time;

import io.kurve.core.time.EventLoop;
import java.time.Duration;
import java.util.Comparator;
import java.util.PriorityQueue;

/**
 * A loop without a thread: tasks run, in order of their time and then of their arrival, when the
 * test says so. An exception of a task reaches the test that let it run.
 */
public final class ManualEventLoop implements EventLoop {
  private static final int MAX_TASKS_AT_ONCE = 1_000_000;

  private final PriorityQueue<Pending> queue =
      new PriorityQueue<>(
          Comparator.comparingLong(Pending::dueNanos).thenComparingLong(Pending::sequence));
  private long nowNanos;
  private long sequence;
  private boolean running;

  @Override
  public long nanoTime() {
    return nowNanos;
  }

  @Override
  public Timer schedule(Duration delay, Runnable task) {
    if (delay.isNegative()) {
      throw new IllegalArgumentException("a delay can't be negative: " + delay);
    }
    Pending pending = new Pending(nowNanos + delay.toNanos(), sequence++, task);
    queue.add(pending);
    return () -> {
      // A record equals by value, but the sequence makes each one unique.
      queue.remove(pending);
    };
  }

  @Override
  public void execute(Runnable task) {
    queue.add(new Pending(nowNanos, sequence++, task));
  }

  @Override
  public boolean inLoop() {
    return running;
  }

  /** Runs everything that is due now, and what that makes due now; time stands still. */
  public void runUntilIdle() {
    runUntil(nowNanos);
  }

  /** Moves time forward and runs on the way, each at its own time, all tasks that become due. */
  public void advance(Duration time) {
    long target = nowNanos + time.toNanos();
    runUntil(target);
    nowNanos = target;
  }

  /** Jumps to the next pending task and runs all that is due then; false when nothing pends. */
  public boolean runNext() {
    Pending next = queue.peek();
    if (next == null) {
      return false;
    }
    runUntil(Math.max(nowNanos, next.dueNanos));
    return true;
  }

  /** How many tasks and timers wait. */
  public int pending() {
    return queue.size();
  }

  /** Forgets all that waits, as a process does when it is killed. */
  public void clear() {
    queue.clear();
  }

  private void runUntil(long targetNanos) {
    if (running) {
      throw new IllegalStateException("a task can't run the loop that it runs on");
    }
    int count = 0;
    for (Pending next = queue.peek();
        next != null && next.dueNanos <= targetNanos;
        next = queue.peek()) {
      if (++count > MAX_TASKS_AT_ONCE) {
        throw new AssertionError("the loop does not come to rest at " + nowNanos + " ns");
      }
      queue.poll();
      nowNanos = Math.max(nowNanos, next.dueNanos);
      running = true;
      try {
        next.task.run();
      } finally {
        running = false;
      }
    }
  }

  private record Pending(long dueNanos, long sequence, Runnable task) {}
}
