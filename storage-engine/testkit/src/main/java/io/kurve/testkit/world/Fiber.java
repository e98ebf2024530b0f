package io.kurve.testkit.world;

import io.kurve.core.time.EventLoop;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Code that blocks, in a world without threads: it has a thread of its own, which runs only while
 * the world's thread waits for it, so that nothing is ever concurrent and every run is the same.
 */
public final class Fiber {
  private static final long PATIENCE_SECONDS = 60;

  private final Semaphore fiberMayRun = new Semaphore(0);
  private final Semaphore worldMayRun = new Semaphore(0);
  private final EventLoop loop;
  private final Consumer<Fiber> ended;
  private final FiberThread thread;
  private boolean started;
  private boolean over;
  private boolean killed;
  private @Nullable Throwable failure;

  Fiber(String name, Runnable body, EventLoop loop, Consumer<Fiber> ended) {
    this.loop = loop;
    this.ended = ended;
    this.thread = new FiberThread(name, this, () -> run(body));
  }

  /** The fiber's process died while it waited. */
  static final class Died extends Error {
    private static final long serialVersionUID = 1;

    Died() {
      super("the process died", null, false, false);
    }
  }

  private static final class FiberThread extends Thread {
    private final Fiber fiber;

    FiberThread(String name, Fiber fiber, Runnable body) {
      super(body, name);
      this.fiber = fiber;
      setDaemon(true);
    }
  }

  /** Waits until the stage has ended, if a fiber asks; else only gives it back. */
  public static <T> CompletionStage<T> awaited(CompletionStage<T> stage) {
    if (Thread.currentThread() instanceof FiberThread here) {
      here.fiber.park(stage);
    }
    return stage;
  }

  private void park(CompletionStage<?> stage) {
    if (stage.toCompletableFuture().isDone()) {
      return;
    }
    var _ = stage.whenComplete((value, error) -> loop.execute(this::resume));
    worldMayRun.release();
    acquire(fiberMayRun);
    if (killed) {
      throw new Died();
    }
  }

  /** Lets it run until it waits again or ends; called on the world's thread. */
  void resume() {
    if (over) {
      return;
    }
    go();
    if (over) {
      ended.accept(this);
    }
    Throwable thrown = failure;
    failure = null;
    if (thrown instanceof Error error) {
      throw error;
    }
    if (thrown != null) {
      throw new CompletionException(thrown);
    }
  }

  void kill() {
    if (over || Thread.currentThread() == thread) {
      return;
    }
    killed = true;
    if (started) {
      go();
      failure = null;
    }
    over = true;
  }

  private void go() {
    if (started) {
      fiberMayRun.release();
    } else {
      started = true;
      thread.start();
    }
    acquire(worldMayRun);
  }

  private void run(Runnable body) {
    try {
      body.run();
    } catch (Died e) {
      // As wanted.
    } catch (Throwable e) {
      failure = e;
    } finally {
      over = true;
      worldMayRun.release();
    }
  }

  private static void acquire(Semaphore semaphore) {
    try {
      if (!semaphore.tryAcquire(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
        throw new AssertionError("a fiber and the world wait for each other");
      }
    } catch (InterruptedException e) {
      throw new AssertionError("a simulation was interrupted", e);
    }
  }
}
