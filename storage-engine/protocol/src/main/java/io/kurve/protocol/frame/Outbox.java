package io.kurve.protocol.frame;

import io.netty.channel.EventLoop;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Tasks from any thread for one loop. Whatever is queued before the loop gets to it runs in one go,
 * in order, and is followed by one flush: so several small frames leave in one system call.
 */
public final class Outbox {
  private final EventLoop loop;
  private final Runnable flush;
  private final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();
  private final AtomicBoolean draining = new AtomicBoolean();

  public Outbox(EventLoop loop, Runnable flush) {
    this.loop = loop;
    this.flush = flush;
  }

  /**
   * Never runs the task in the call.
   *
   * @return false when the loop is gone and the task will not run
   */
  public boolean execute(Runnable task) {
    tasks.add(task);
    if (draining.compareAndSet(false, true)) {
      try {
        loop.execute(this::drain);
      } catch (RejectedExecutionException shutDown) {
        draining.set(false);
      }
    }
    return !loop.isShuttingDown() || !tasks.remove(task);
  }

  private void drain() {
    draining.set(false);
    for (Runnable task = tasks.poll(); task != null; task = tasks.poll()) {
      task.run();
    }
    flush.run();
  }
}
