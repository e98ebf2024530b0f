package io.kurve.core.time;

import io.kurve.core.failure.FaultHandler;
import java.time.Duration;
import java.util.Comparator;
import java.util.Queue;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.locks.LockSupport;

/**
 * A loop on a thread of its own. Tasks run in the order of their coming; timers that are due run
 * between two rounds of tasks. How many tasks can wait is bounded by what its users have in flight:
 * a loop that refused one would lose an answer.
 */
public final class ThreadEventLoop implements EventLoop, AutoCloseable {
  private static final Comparator<Pending> BY_TIME =
      Comparator.comparingLong((Pending timer) -> timer.dueNanos)
          .thenComparingLong(timer -> timer.sequence);
  private static final int TASKS_A_ROUND = 256;

  private final FaultHandler faults;
  private final Thread thread;
  private final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();
  // The two of the loop's thread only.
  private final TreeSet<Pending> timers = new TreeSet<>(BY_TIME);
  private long sequence;

  // Written by the loop before it sleeps, read by whoever brings a task: it must wake the loop.
  private volatile boolean asleep;
  // Written by who closes it, read by the loop and by those who bring tasks.
  private volatile boolean closed;

  public ThreadEventLoop(String name, FaultHandler faults) {
    this.faults = faults;
    this.thread = Thread.ofPlatform().name(name).daemon().unstarted(this::run);
  }

  /** Starts the thread; what was scheduled before runs then. */
  public ThreadEventLoop start() {
    thread.start();
    return this;
  }

  @Override
  public long nanoTime() {
    return System.nanoTime();
  }

  @Override
  public boolean inLoop() {
    return Thread.currentThread() == thread;
  }

  /**
   * @throws RejectedExecutionException when the loop is closed
   */
  @Override
  public void execute(Runnable task) {
    if (closed) {
      throw new RejectedExecutionException("loop " + thread.getName() + " is closed");
    }
    tasks.add(task);
    if (asleep) {
      LockSupport.unpark(thread);
    }
  }

  @Override
  public Timer schedule(Duration delay, Runnable task) {
    Pending timer = new Pending(nanoTime() + delay.toNanos(), task);
    enter(() -> add(timer));
    return () -> enter(() -> timers.remove(timer));
  }

  /** Ends the thread, after the task that runs now; what waits never runs. */
  @Override
  public void close() {
    closed = true;
    LockSupport.unpark(thread);
    if (!inLoop()) {
      join();
    }
  }

  private void join() {
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private void enter(Runnable task) {
    if (inLoop()) {
      task.run();
    } else if (!closed) {
      execute(task);
    }
  }

  private void add(Pending timer) {
    timer.sequence = sequence++;
    timers.add(timer);
  }

  private void run() {
    try {
      while (!closed) {
        runTasks();
        runTimers();
        sleep();
      }
    } catch (Throwable e) {
      throw faults.halt("a task of loop " + thread.getName() + " failed", e);
    }
  }

  private void runTasks() {
    for (int i = 0; i < TASKS_A_ROUND && !closed; i++) {
      Runnable task = tasks.poll();
      if (task == null) {
        return;
      }
      task.run();
    }
  }

  private void runTimers() {
    long now = nanoTime();
    while (!closed && !timers.isEmpty() && timers.first().dueNanos - now <= 0) {
      Pending due = timers.removeFirst();
      due.task.run();
    }
  }

  private void sleep() {
    asleep = true;
    // Whoever brings a task after this look sees that we are asleep.
    if (tasks.isEmpty() && !closed) {
      if (timers.isEmpty()) {
        LockSupport.park(this);
      } else {
        LockSupport.parkNanos(this, timers.first().dueNanos - nanoTime());
      }
    }
    asleep = false;
  }

  private static final class Pending {
    private final long dueNanos;
    private final Runnable task;
    private long sequence = -1;

    Pending(long dueNanos, Runnable task) {
      this.dueNanos = dueNanos;
      this.task = task;
    }
  }
}
