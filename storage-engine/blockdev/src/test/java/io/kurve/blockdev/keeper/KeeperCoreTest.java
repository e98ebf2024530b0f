package io.kurve.blockdev.keeper;

import static org.assertj.core.api.Assertions.assertThat;

import io.kurve.blockdev.keeper.KeeperCore.Action;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class KeeperCoreTest {
  private static final long FIRST = 101;
  private static final long SECOND = 102;
  private static final long LONG_AFTER = TimeUnit.MINUTES.toNanos(1);

  private final KeeperCore core = new KeeperCore();

  @Test
  void theFirstHostGetsWhatThereIsAtOnce() {
    assertThat(core.begin(false)).containsExactly(new Action.Start());
    assertThat(core.started(FIRST, 0)).isEmpty();
    assertThat(core.succeeds(FIRST)).containsExactly(new Action.Give(FIRST));
  }

  @Test
  void rule29AKilledHostIsStartedAgainAtOnceAndItsSuccessorGetsAll() {
    serveFirst();
    assertThat(core.ended(FIRST, 137, LONG_AFTER)).containsExactly(new Action.Start());
    core.started(SECOND, LONG_AFTER);
    assertThat(core.succeeds(SECOND)).containsExactly(new Action.Give(SECOND));
  }

  @Test
  void rule29ASuccessorGetsNothingBeforeTheHostBeforeHasEnded() {
    serveFirst();
    assertThat(core.replace()).containsExactly(new Action.Start());
    core.started(SECOND, LONG_AFTER);
    assertThat(core.succeeds(SECOND)).containsExactly(new Action.AskHandOver(FIRST));
    // It is stopped: it does not answer, and it must not come back and write.
    assertThat(core.tookTooLong(FIRST)).containsExactly(new Action.Kill(FIRST));
    assertThat(core.ended(FIRST, 137, LONG_AFTER)).containsExactly(new Action.Give(SECOND));
    assertThat(core.serving(SECOND)).containsExactly(new Action.Replaced());
    assertThat(core.tookTooLong(FIRST)).as("too late").isEmpty();
  }

  @Test
  void aReplacementThatDoesNotStartChangesNothing() {
    serveFirst();
    core.replace();
    core.started(SECOND, LONG_AFTER);
    assertThat(core.ended(SECOND, 1, LONG_AFTER))
        .singleElement()
        .isInstanceOf(Action.NotReplaced.class);
    assertThat(core.replace()).containsExactly(new Action.Start());
  }

  @Test
  void aSecondReplacementAndAStrangerAreRefusedMeanwhile() {
    serveFirst();
    core.replace();
    core.started(SECOND, LONG_AFTER);
    assertThat(core.replace()).singleElement().isInstanceOf(Action.NotReplaced.class);
    assertThat(core.succeeds(999)).singleElement().isInstanceOf(Action.Refuse.class);
    assertThat(core.serving(999)).singleElement().isInstanceOf(Action.Refuse.class);
  }

  @Test
  void oneThatDiesAgainAndAgainIsStartedMoreSlowly() {
    serveFirst();
    List<Action> actions = core.ended(FIRST, 1, 1);
    Duration pause = Duration.ZERO;
    for (long pid = 200; pid < 210; pid++) {
      assertThat(actions).singleElement().isInstanceOf(Action.StartLater.class);
      Duration next = ((Action.StartLater) actions.getFirst()).delay();
      assertThat(next).isGreaterThanOrEqualTo(pause);
      pause = next;
      assertThat(core.startDue()).containsExactly(new Action.Start());
      core.started(pid, pid);
      actions = core.ended(pid, 1, pid + 1).subList(1, 2);
    }
    assertThat(pause).isEqualTo(Duration.ofSeconds(30));
  }

  @Test
  void oneThatNeverServedEndsTheKeeperWithItsCode() {
    core.begin(false);
    core.started(FIRST, 0);
    assertThat(core.ended(FIRST, 2, 1)).containsExactly(new Action.End(2));
  }

  @Test
  void stoppingEndsTheHostFirst() {
    serveFirst();
    assertThat(core.stop()).containsExactly(new Action.AskStop(FIRST));
    assertThat(core.succeeds(SECOND)).singleElement().isInstanceOf(Action.Refuse.class);
    assertThat(core.startDue()).isEmpty();
    assertThat(core.ended(FIRST, 143, LONG_AFTER)).containsExactly(new Action.End(0));
  }

  @Test
  void aHostThatMeantToEndIsNotStartedAgain() {
    serveFirst();
    assertThat(core.ended(FIRST, 0, LONG_AFTER)).containsExactly(new Action.End(0));
  }

  @Test
  void aNewKeeperWaitsForTheHostOfADeadOne() {
    assertThat(core.begin(true)).isEmpty();
    assertThat(core.serving(FIRST)).isEmpty();
    assertThat(core.strangerEnded()).as("it has spoken").isEmpty();
    assertThat(core.ended(FIRST, -1, LONG_AFTER)).containsExactly(new Action.Start());
  }

  @Test
  void ifThatOneEndsWithoutAWordAnotherIsStarted() {
    core.begin(true);
    assertThat(core.strangerEnded()).containsExactly(new Action.Start());
  }

  @Test
  void rule29WhateverHappensNobodyIsGivenAnythingWhileAnotherLives() {
    for (int seed = 0; seed < 300; seed++) {
      new RandomRun(new Random(seed)).run();
    }
  }

  private void serveFirst() {
    core.begin(false);
    core.started(FIRST, 0);
    core.succeeds(FIRST);
    core.serving(FIRST);
  }

  /** Processes are born, ask, hang and die; who got descriptors has them until it has died. */
  private static final class RandomRun {
    private final KeeperCore core = new KeeperCore();
    private final Random random;
    private final List<Long> living = new ArrayList<>();
    private final List<Long> asked = new ArrayList<>();
    private final List<Action> due = new ArrayList<>();
    private long holder;
    private long nextPid = 1;
    private long now;

    private RandomRun(Random random) {
      this.random = random;
    }

    private void run() {
      due.addAll(core.begin(false));
      for (int step = 0; step < 200; step++) {
        now += random.nextLong(TimeUnit.SECONDS.toNanos(3));
        if (!due.isEmpty() && random.nextBoolean()) {
          perform(due.remove(random.nextInt(due.size())));
        } else if (!living.isEmpty()) {
          happen(living.get(random.nextInt(living.size())));
        }
      }
    }

    private void perform(Action action) {
      switch (action) {
        case Action.Start start -> {
          living.add(nextPid);
          due.addAll(core.started(nextPid++, now));
        }
        case Action.StartLater later -> due.addAll(core.startDue());
        case Action.Give give -> throw new AssertionError("given at once, see tell");
        case Action.AskHandOver ask -> due.addAll(tell(core.tookTooLong(ask.pid())));
        case Action.Kill kill -> end(kill.pid());
        case Action.AskStop ask -> end(ask.pid());
        case Action.Refuse refuse -> end(refuse.pid());
        case Action.Replaced replaced -> {}
        case Action.NotReplaced not -> {}
        case Action.End end -> {}
      }
    }

    private void happen(long pid) {
      switch (random.nextInt(6)) {
        case 0 -> {
          if (!asked.contains(pid)) {
            asked.add(pid);
            due.addAll(tell(core.succeeds(pid)));
          }
        }
        case 1 -> {
          if (holder == pid) {
            due.addAll(tell(core.serving(pid)));
          }
        }
        case 2 -> due.addAll(tell(core.replace()));
        case 3 -> end(pid);
        default -> {}
      }
    }

    private void end(long pid) {
      if (living.remove(pid)) {
        if (holder == pid) {
          holder = 0;
        }
        due.addAll(tell(core.ended(pid, 137, now)));
      }
    }

    private List<Action> tell(List<Action> actions) {
      List<Action> rest = new ArrayList<>();
      for (Action action : actions) {
        if (action instanceof Action.Give give) {
          assertThat(holder).as("nobody holds them who lives").isZero();
          holder = give.pid();
        } else {
          rest.add(action);
        }
      }
      return rest;
    }
  }
}
