package io.kurve.cli.bench;

import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

/**
 * What a measurement has made and must take away: once, the last thing first, when it is over, or
 * when the process is told to end before that (Ctrl-C, SIGTERM). Each step has its own deadline.
 */
final class CleanUp implements AutoCloseable {
  interface Step {
    void run() throws IOException;
  }

  private record Named(String what, Step step) {}

  private final Consumer<String> progress;
  private final Thread hook = new Thread(this::interrupted, "clean-up");

  /** Guards the fields below; held while the steps run, so that the process waits for them. */
  private final ReentrantLock lock = new ReentrantLock();

  private final Deque<Named> steps = new ArrayDeque<>();
  private boolean interrupted;

  CleanUp(Consumer<String> progress) {
    this.progress = progress;
    Runtime.getRuntime().addShutdownHook(hook);
  }

  /** Done at the end, before what was added earlier. */
  void add(String what, Step step) {
    lock.lock();
    try {
      if (interrupted) {
        throw ended();
      }
      steps.push(new Named(what, step));
    } finally {
      lock.unlock();
    }
  }

  private void interrupted() {
    lock.lock();
    try {
      interrupted = true;
      runAll();
    } finally {
      lock.unlock();
    }
  }

  private void runAll() {
    if (steps.isEmpty()) {
      return;
    }
    Named next = steps.pop();
    try {
      next.step().run();
    } catch (KurveException e) {
      progress.accept(next.what() + " failed: " + e.oneLine());
    } catch (IOException e) {
      progress.accept(next.what() + " failed: " + e.getMessage());
    } finally {
      runAll();
    }
  }

  /**
   * @throws KurveException when the process was told to end meanwhile: what was measured is not
   *     whole
   */
  @Override
  public void close() {
    lock.lock();
    try {
      if (interrupted) {
        throw ended();
      }
      runAll();
      boolean unused = Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException shuttingDown) {
      throw ended();
    } finally {
      lock.unlock();
    }
  }

  private static KurveException ended() {
    return new KurveException(ErrorCode.UNAVAILABLE, "the measurement was interrupted", "");
  }
}
