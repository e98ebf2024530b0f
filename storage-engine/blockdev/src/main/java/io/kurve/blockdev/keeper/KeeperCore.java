package io.kurve.blockdev.keeper;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/**
 * Decides who serves. Pure: events come in, what is to be done comes out.
 *
 * <pre>
 *            started           succeeds                    ended(before)
 *   nobody ---------> starting ---------> waiting ---------------------------> active
 *                        |                   |  before lives: HandOver, then
 *                        | ended             |  Kill when it takes too long
 *                        v                   |
 *                     start again            +--- nobody before: at once ----> active
 * </pre>
 *
 * The one rule that keeps data: descriptors are given only while no process is active, and a
 * process stops being active by having ended, proven by the kernel, and by nothing else. One that
 * is stopped (SIGSTOP) has not ended and could go on writing.
 */
final class KeeperCore {
  /** What is to be done, in order. */
  sealed interface Action {
    record Start() implements Action {}

    record StartLater(Duration delay) implements Action {}

    record Give(long pid) implements Action {}

    /** And call {@link KeeperCore#tookTooLong} when it has not ended in time. */
    record AskHandOver(long pid) implements Action {}

    record Kill(long pid) implements Action {}

    record AskStop(long pid) implements Action {}

    record Refuse(long pid, String why) implements Action {}

    record Replaced() implements Action {}

    record NotReplaced(String why) implements Action {}

    record End(int code) implements Action {}
  }

  /** A host that lived so long had started well. */
  private static final Duration SETTLED = Duration.ofSeconds(5);

  /** After the first, second, ... short life in a row. */
  private static final List<Duration> PAUSES =
      List.of(
          Duration.ZERO,
          Duration.ofMillis(500),
          Duration.ofSeconds(1),
          Duration.ofSeconds(2),
          Duration.ofSeconds(5),
          Duration.ofSeconds(10),
          Duration.ofSeconds(30));

  private OptionalLong active = OptionalLong.empty();
  private OptionalLong next = OptionalLong.empty();
  private boolean nextWaits;
  private long startedNanos;
  private int shortLives;
  private boolean everServed;
  private boolean stopping;

  /** Alive when the keeper began, and not heard of yet. */
  private boolean strangerLives;

  /**
   * @param hostLives another keeper's host holds the run directory: it will say that it serves
   */
  List<Action> begin(boolean hostLives) {
    strangerLives = hostLives;
    return hostLives ? List.of() : List.of(new Action.Start());
  }

  /** The run directory has become free without a word from who held it. */
  List<Action> strangerEnded() {
    if (!strangerLives) {
      return List.of();
    }
    strangerLives = false;
    return goOn(List.of());
  }

  List<Action> started(long pid, long nowNanos) {
    next = OptionalLong.of(pid);
    nextWaits = false;
    startedNanos = nowNanos;
    return List.of();
  }

  /** The pause is over. */
  List<Action> startDue() {
    return stopping || active.isPresent() || next.isPresent() || strangerLives
        ? List.of()
        : List.of(new Action.Start());
  }

  List<Action> succeeds(long pid) {
    if (stopping) {
      return List.of(new Action.Refuse(pid, "the keeper is stopping"));
    }
    if ((next.isPresent() && next.getAsLong() != pid) || isActive(pid)) {
      return List.of(new Action.Refuse(pid, "another volume host is to come next"));
    }
    next = OptionalLong.of(pid);
    nextWaits = true;
    if (active.isPresent()) {
      return List.of(new Action.AskHandOver(active.getAsLong()));
    }
    return strangerLives ? List.of() : give();
  }

  List<Action> serving(long pid) {
    if (isActive(pid)) {
      everServed = true;
      return List.of(new Action.Replaced());
    }
    if (active.isPresent()) {
      return List.of(new Action.Refuse(pid, "another volume host is active"));
    }
    // Of a keeper that died: it has all descriptors.
    strangerLives = false;
    everServed = true;
    active = OptionalLong.of(pid);
    return nextWaits ? List.of(new Action.AskHandOver(pid)) : List.of();
  }

  List<Action> tookTooLong(long pid) {
    return isActive(pid) && nextWaits ? List.of(new Action.Kill(pid)) : List.of();
  }

  /** An operator wants another process in the active one's place. */
  List<Action> replace() {
    if (stopping || active.isEmpty() || next.isPresent()) {
      return List.of(new Action.NotReplaced("a volume host is coming or going already"));
    }
    return List.of(new Action.Start());
  }

  List<Action> stop() {
    stopping = true;
    if (active.isEmpty() && next.isEmpty()) {
      return List.of(new Action.End(0));
    }
    List<Action> actions = new ArrayList<>();
    next.ifPresent(pid -> actions.add(new Action.Kill(pid)));
    active.ifPresent(pid -> actions.add(new Action.AskStop(pid)));
    return actions;
  }

  /**
   * The kernel says so.
   *
   * @param code how it ended; 0: it meant to
   */
  List<Action> ended(long pid, int code, long nowNanos) {
    if (isActive(pid)) {
      active = OptionalLong.empty();
      boolean settled = nowNanos - startedNanos >= SETTLED.toNanos();
      shortLives = settled ? 0 : shortLives + 1;
      if (code == 0 && next.isEmpty()) {
        stopping = true;
      }
      return goOn(List.of());
    }
    if (next.isPresent() && next.getAsLong() == pid) {
      next = OptionalLong.empty();
      nextWaits = false;
      shortLives++;
      List<Action> told =
          List.of(new Action.NotReplaced("the new volume host ended, code " + code));
      if (!everServed) {
        return List.of(new Action.End(code));
      }
      return active.isPresent() ? told : goOn(told);
    }
    return List.of();
  }

  private List<Action> goOn(List<Action> before) {
    List<Action> actions = new ArrayList<>(before);
    if (stopping) {
      if (active.isEmpty() && next.isEmpty()) {
        actions.add(new Action.End(0));
      }
    } else if (nextWaits) {
      actions.addAll(give());
    } else if (next.isEmpty()) {
      Duration pause = PAUSES.get(Math.min(shortLives, PAUSES.size() - 1));
      actions.add(pause.isZero() ? new Action.Start() : new Action.StartLater(pause));
    }
    return actions;
  }

  private List<Action> give() {
    long pid = next.getAsLong();
    active = next;
    next = OptionalLong.empty();
    nextWaits = false;
    return List.of(new Action.Give(pid));
  }

  private boolean isActive(long pid) {
    return active.isPresent() && active.getAsLong() == pid;
  }
}
