package io.kurve.protocol.data;

import io.kurve.core.failure.FaultHandler;
import io.kurve.core.time.EventLoop;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * A network thread as the loop of a core: what the core sends and what it is answered then needs no
 * hand-over from thread to thread.
 */
final class NetworkEventLoop implements EventLoop {
  private final io.netty.channel.EventLoop loop;
  private final FaultHandler faults;

  NetworkEventLoop(io.netty.channel.EventLoop loop, FaultHandler faults) {
    this.loop = loop;
    this.faults = faults;
  }

  @Override
  public long nanoTime() {
    return System.nanoTime();
  }

  @Override
  public boolean inLoop() {
    return loop.inEventLoop();
  }

  /**
   * @throws java.util.concurrent.RejectedExecutionException when the network threads have ended
   */
  @Override
  public void execute(Runnable task) {
    loop.execute(() -> run(task));
  }

  @Override
  public Timer schedule(Duration delay, Runnable task) {
    var scheduled = loop.schedule(() -> run(task), delay.toNanos(), TimeUnit.NANOSECONDS);
    return () -> {
      var unused = scheduled.cancel(false);
    };
  }

  /** Netty would log what a task throws and go on. */
  private void run(Runnable task) {
    try {
      task.run();
    } catch (Throwable e) {
      throw faults.halt("a task on a network thread failed", e);
    }
  }
}
