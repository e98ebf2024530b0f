package io.kurve.client.volume;

import io.kurve.core.time.EventLoop;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Enters a volume's loop from anywhere. A task that comes from within another one runs after it, in
 * the same turn of the loop: so a user's callback that asks for more neither finds half-changed
 * state nor grows the stack, and all that follows from an event is done when its turn ends.
 */
final class Turn {
  private final EventLoop loop;
  private final Deque<Runnable> next = new ArrayDeque<>();
  private boolean running;

  Turn(EventLoop loop) {
    this.loop = loop;
  }

  void enter(Runnable task) {
    if (loop.inLoop()) {
      run(task);
    } else {
      loop.execute(() -> run(task));
    }
  }

  private void run(Runnable task) {
    next.add(task);
    if (running) {
      return;
    }
    running = true;
    try {
      for (Runnable first = next.poll(); first != null; first = next.poll()) {
        first.run();
      }
    } finally {
      running = false;
    }
  }
}
