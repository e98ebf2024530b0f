package io.kurve.testkit.world;

import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.testkit.time.SeededRandom;
import java.time.Duration;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;

/**
 * Messages that are late, lost, doubled and overtake each other; links that are cut one way or
 * both; connections that die between request and answer.
 */
public final class SimNetwork {
  private static final Duration ASK_DEADLINE = Duration.ofSeconds(5);

  private final SimWorld world;
  private final SeededRandom random;
  private final Set<String> cuts = new TreeSet<>();
  private Faults faults = Faults.NONE;

  /**
   * Each is once in so many messages; 0 is never.
   *
   * @param held for up to half a minute
   */
  public record Faults(int dropped, int doubled, int slow, int held) {
    public static final Faults NONE = new Faults(0, 0, 0, 0);
  }

  /** What may happen to a message beyond being late or lost. */
  public enum Kind {
    /** May come twice, the second time much later, and after its sender's death. */
    DOUBLED,
    /** Dies with its sender's connection. */
    ONCE
  }

  public SimNetwork(SimWorld world) {
    this.world = world;
    this.random = world.fork();
  }

  public void faults(Faults now) {
    faults = now;
  }

  /** Messages from one to the other are lost from now on, also those under way. */
  public void cut(SimProcess from, SimProcess to) {
    if (cuts.add(link(from, to))) {
      world.trace("cut " + link(from, to));
    }
  }

  public void heal(SimProcess from, SimProcess to) {
    cuts.remove(link(from, to));
  }

  public void healAll() {
    cuts.clear();
    world.trace("all links are whole");
  }

  /** Whether both live, run and reach each other, both ways. */
  public boolean connected(SimProcess one, SimProcess other) {
    return other.isUp() && !other.isPaused() && reaches(one, other) && reaches(other, one);
  }

  private boolean reaches(SimProcess from, SimProcess to) {
    return !cuts.contains(link(from, to));
  }

  private static String link(SimProcess from, SimProcess to) {
    return from.name() + ">" + to.name();
  }

  /** Sends once; gives false when it is known at once that it will not arrive. */
  public boolean send(SimProcess from, SimProcess to, Kind kind, String label, Runnable deliver) {
    if (!to.isUp() || !reaches(from, to) || happens(faults.dropped)) {
      return false;
    }
    post(from, to, delay(), label, deliver);
    if (kind == Kind.DOUBLED && happens(faults.doubled)) {
      Duration later =
          switch (random.nextInt(5)) {
            case 0 -> heldTime();
            case 1, 2, 3 -> Duration.ofMillis(random.nextLong(700));
            default -> delay();
          };
      post(from, to, later, label + " again", deliver);
    }
    return true;
  }

  private void post(
      SimProcess from, SimProcess to, Duration delay, String label, Runnable deliver) {
    String name = from.name() + ">" + to.name() + " " + label;
    to.deliver(
        delay,
        name,
        () -> {
          if (reaches(from, to)) {
            world.trace(name);
            deliver.run();
          }
        });
  }

  /**
   * A request and its answer. Ends UNAVAILABLE when the connection breaks, or after a deadline when
   * nothing is heard.
   *
   * @param call made at the other side
   */
  public <T> CompletionStage<T> ask(
      SimProcess from, SimProcess to, Kind kind, String label, Supplier<CompletionStage<T>> call) {
    CompletableFuture<T> answer = new CompletableFuture<>();
    long life = from.life();
    SimWorld.Event deadline =
        from.deliverToThisLife(
            life, ASK_DEADLINE, label + " deadline", () -> fail(answer, "no answer from " + to));
    var _ = answer.whenComplete((value, error) -> deadline.cancel());
    boolean sent =
        send(
            from,
            to,
            kind,
            label,
            () -> {
              if (kind == Kind.ONCE && !from.lives(life)) {
                return;
              }
              CompletionStage<T> stage;
              try {
                stage = call.get();
              } catch (KurveException e) {
                stage = CompletableFuture.failedStage(e);
              }
              var _ =
                  stage.whenComplete(
                      (value, error) -> reply(from, life, to, label, answer, value, error));
            });
    if (!sent && happens(2)) {
      from.deliverToThisLife(
          life,
          delay(),
          label + " broken",
          () -> fail(answer, "the connection to " + to + " broke"));
    }
    return answer;
  }

  @SuppressWarnings({"TooManyParameters", "NullAway"}) // A stage ends with a value or an error.
  private <T> void reply(
      SimProcess from,
      long life,
      SimProcess to,
      String label,
      CompletableFuture<T> answer,
      T value,
      Throwable error) {
    if (!reaches(to, from) || happens(faults.dropped)) {
      if (happens(2)) {
        from.deliverToThisLife(
            life,
            delay(),
            label + " broken",
            () -> fail(answer, "the connection to " + to + " broke"));
      }
      return;
    }
    String name = to.name() + ">" + from.name() + " " + label + (error == null ? " ok" : " failed");
    from.deliverToThisLife(
        life,
        delay(),
        name,
        () -> {
          world.trace(name);
          if (error == null) {
            answer.complete(value);
          } else {
            answer.completeExceptionally(
                error instanceof CompletionException && error.getCause() != null
                    ? error.getCause()
                    : error);
          }
        });
  }

  private static void fail(CompletableFuture<?> answer, String why) {
    if (!answer.isDone()) {
      answer.completeExceptionally(new KurveException(ErrorCode.UNAVAILABLE, why, "try again"));
    }
  }

  private Duration delay() {
    if (happens(faults.held)) {
      return heldTime();
    }
    long micros = 50 + random.nextLong(500);
    if (happens(faults.slow)) {
      micros += random.nextLong(300_000);
    }
    return Duration.ofNanos(micros * 1000);
  }

  private Duration heldTime() {
    return Duration.ofMillis(random.nextLong(30_000));
  }

  private boolean happens(int oneIn) {
    return oneIn > 0 && random.chance(oneIn);
  }
}
