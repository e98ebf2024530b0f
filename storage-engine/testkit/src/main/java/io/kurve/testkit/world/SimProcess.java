package io.kurve.testkit.world;

import io.kurve.core.time.EventLoop;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * A process that can die, be paused and live again. What it scheduled in one life does not happen
 * in the next one.
 */
public final class SimProcess {
  static final long ANY_LIFE = -1;

  private final SimWorld world;
  private final String name;
  private final List<Runnable> atDeath = new ArrayList<>();
  private final List<Fiber> fibers = new ArrayList<>();
  private long life;
  private boolean up;
  private long pausedUntilNanos;

  SimProcess(SimWorld world, String name) {
    this.world = world;
    this.name = name;
  }

  public String name() {
    return name;
  }

  public boolean isUp() {
    return up;
  }

  public boolean isPaused() {
    return pausedUntilNanos > world.nanoTime();
  }

  long pausedUntilNanos() {
    return pausedUntilNanos;
  }

  boolean lives(long wanted) {
    return up && (wanted == ANY_LIFE || wanted == life);
  }

  /** A new life begins; gives its loop. */
  public EventLoop start() {
    if (up) {
      throw new IllegalStateException(name + " lives already");
    }
    life++;
    up = true;
    pausedUntilNanos = 0;
    world.trace(name + " starts its life " + life);
    return new Loop(life);
  }

  /** To be done when this life ends, however it ends. */
  public void atDeath(Runnable task) {
    atDeath.add(task);
  }

  /** The process is gone in the middle of whatever it did. */
  public void kill(String why) {
    if (!up) {
      return;
    }
    up = false;
    world.trace(name + " dies: " + why);
    List<Runnable> last = List.copyOf(atDeath);
    atDeath.clear();
    last.forEach(Runnable::run);
    List<Fiber> parked = List.copyOf(fibers);
    fibers.clear();
    parked.forEach(Fiber::kill);
  }

  /** Nothing of it runs for so long; then all that was due runs late. */
  public void pause(Duration time) {
    pausedUntilNanos = Math.max(pausedUntilNanos, world.nanoTime() + time.toNanos());
    world.trace(name + " is paused for " + time.toMillis() + " ms");
  }

  public void resume() {
    // What was put off is in the queue under the old time, which is soon enough.
    pausedUntilNanos = 0;
  }

  /** Runs a body that may wait for answers; see {@link Fiber}. */
  public void fiber(EventLoop loop, String label, Runnable body) {
    Fiber fiber = new Fiber(name + " " + label, body, loop, fibers::remove);
    fibers.add(fiber);
    loop.execute(fiber::resume);
  }

  /** An event of whichever life is there when it is due. */
  void deliver(Duration delay, String label, Runnable task) {
    var _ = world.add(delay, this, ANY_LIFE, label, task);
  }

  /** As {@link #deliver}, but of the present life only. */
  SimWorld.Event deliverToThisLife(long wanted, Duration delay, String label, Runnable task) {
    return world.add(delay, this, wanted, label, task);
  }

  long life() {
    return life;
  }

  @Override
  public String toString() {
    return name;
  }

  private final class Loop implements EventLoop {
    private final long ofLife;

    Loop(long ofLife) {
      this.ofLife = ofLife;
    }

    @Override
    public long nanoTime() {
      return world.nanoTime();
    }

    @Override
    public Timer schedule(Duration delay, Runnable task) {
      return world.add(delay, SimProcess.this, ofLife, name, task)::cancel;
    }

    @Override
    public void execute(Runnable task) {
      var _ = world.add(Duration.ZERO, SimProcess.this, ofLife, name, task);
    }

    @Override
    public boolean inLoop() {
      return world.running() == SimProcess.this && lives(ofLife);
    }
  }
}
