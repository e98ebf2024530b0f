package io.kurve.testkit.world;

import io.kurve.testkit.disk.PowerLoss;
import io.kurve.testkit.failure.HaltingFaultHandler.Halted;
import io.kurve.testkit.time.SeededRandom;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.PriorityQueue;
import java.util.concurrent.CompletionStage;
import java.util.function.BiConsumer;
import java.util.function.BooleanSupplier;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * One queue of events for all simulated processes.
 *
 * <pre>
 *   event = (virtual time, sequence, process, life of the process, label, task)
 *
 *   the process lives no more, or another life of it runs   ──> dropped
 *   the process is paused                                   ──> later
 *   else                                                    ──> time jumps, label into the digest, task runs
 *                                                                 PowerLoss, Halted ──> the process is dead
 *                                                                 any other throwable ──> the run has failed
 * </pre>
 *
 * <p>Two runs of one seed have equal digests, or something in them depends on more than the seed.
 */
public final class SimWorld {
  private static final int RECENT = 300;

  private final PriorityQueue<Event> queue =
      new PriorityQueue<>(
          Comparator.comparingLong(Event::dueNanos).thenComparingLong(Event::sequence));
  private final SeededRandom random;
  private final CRC32C digest = new CRC32C();
  private final ByteBuffer digested = ByteBuffer.allocate(2 * Long.BYTES);
  private final Deque<String> recent = new ArrayDeque<>();
  private final Runnable invariants;
  private long nowNanos;
  private long sequence;
  private long ran;
  private @Nullable SimProcess running;
  private @Nullable AssertionError broken;

  /**
   * @param invariants asked after every event; throws when one is broken
   */
  public SimWorld(long seed, Runnable invariants) {
    this.random = new SeededRandom(seed);
    this.invariants = invariants;
  }

  /** Dice of its own for a component. */
  public SeededRandom fork() {
    return random.fork();
  }

  public SimProcess process(String name) {
    return new SimProcess(this, name);
  }

  public long nanoTime() {
    return nowNanos;
  }

  /** An event of the world itself, which nobody's death drops. */
  public void schedule(Duration delay, String label, Runnable task) {
    add(delay, null, SimProcess.ANY_LIFE, label, task);
  }

  Event add(Duration delay, @Nullable SimProcess process, long life, String label, Runnable task) {
    Event event = new Event(nowNanos + delay.toNanos(), sequence++, process, life, label, task);
    queue.add(event);
    return event;
  }

  /** The process whose event runs now. */
  @Nullable SimProcess running() {
    return running;
  }

  /**
   * Hears of the stage's end. A broken promise that is found there fails the run; thrown into a
   * stage of its own it would be lost.
   */
  public <T> void hear(
      CompletionStage<T> stage, BiConsumer<? super T, ? super @Nullable Throwable> listener) {
    var _ =
        stage.whenComplete((answer, failure) -> {
          try {
            listener.accept(answer, failure);
          } catch (AssertionError e) {
            broken = broken == null ? e : broken;
          }
        });
  }

  /** Writes a line into the trace and its digest. */
  public void trace(String line) {
    digested.clear().putLong(nowNanos).putLong(line.hashCode()).flip();
    digest.update(digested);
    if (recent.size() == RECENT) {
      recent.removeFirst();
    }
    recent.addLast("%12.6f  %s".formatted(nowNanos / 1e9, line));
  }

  /** Runs the next event; false when none is left. */
  public boolean step() {
    while (true) {
      Event next = queue.poll();
      if (next == null) {
        return false;
      }
      if (next.cancelled) {
        continue;
      }
      SimProcess process = next.process;
      if (process != null && !process.lives(next.life)) {
        continue;
      }
      if (process != null && process.pausedUntilNanos() > next.dueNanos) {
        queue.add(next.at(process.pausedUntilNanos(), sequence++));
        continue;
      }
      nowNanos = Math.max(nowNanos, next.dueNanos);
      ran++;
      digested.clear().putLong(nowNanos).putLong(next.label.hashCode()).flip();
      digest.update(digested);
      run(process, next.task);
      if (broken != null) {
        throw broken;
      }
      invariants.run();
      return true;
    }
  }

  private void run(@Nullable SimProcess process, Runnable task) {
    SimProcess before = running;
    running = process;
    try {
      task.run();
    } catch (PowerLoss | Halted e) {
      if (process == null) {
        throw e;
      }
      process.kill(String.valueOf(e.getMessage()));
    } finally {
      running = before;
    }
  }

  public void run(Duration time) {
    long end = nowNanos + time.toNanos();
    while (nextDueNanos() <= end && step()) {}
    nowNanos = Math.max(nowNanos, end);
  }

  /** False when the condition did not come true in time. */
  public boolean runUntil(BooleanSupplier condition, Duration limit) {
    long end = nowNanos + limit.toNanos();
    while (!condition.getAsBoolean()) {
      if (nextDueNanos() > end || !step()) {
        return false;
      }
    }
    return true;
  }

  private long nextDueNanos() {
    Event next = queue.peek();
    return next == null ? Long.MAX_VALUE : next.dueNanos;
  }

  public long digest() {
    return digest.getValue();
  }

  public long events() {
    return ran;
  }

  /** The last lines of the trace, the newest at the end. */
  public List<String> recent() {
    return List.copyOf(recent);
  }

  static final class Event {
    private final long dueNanos;
    private final long sequence;
    private final @Nullable SimProcess process;
    private final long life;
    private final String label;
    private final Runnable task;
    private boolean cancelled;

    Event(
        long dueNanos,
        long sequence,
        @Nullable SimProcess process,
        long life,
        String label,
        Runnable task) {
      this.dueNanos = dueNanos;
      this.sequence = sequence;
      this.process = process;
      this.life = life;
      this.label = label;
      this.task = task;
    }

    long dueNanos() {
      return dueNanos;
    }

    long sequence() {
      return sequence;
    }

    void cancel() {
      cancelled = true;
    }

    boolean isCancelled() {
      return cancelled;
    }

    Event at(long nanos, long newSequence) {
      Event original = this;
      return new Event(
          nanos,
          newSequence,
          process,
          life,
          label,
          () -> {
            // A timer may be cancelled while its process is paused.
            if (!original.isCancelled()) {
              task.run();
            }
          });
    }
  }
}
