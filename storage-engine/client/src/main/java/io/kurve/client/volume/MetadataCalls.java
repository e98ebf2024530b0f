package io.kurve.client.volume;

import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import java.time.Duration;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** Asks the MDS, in the volume's turns: each try has a deadline, and what may pass is retried. */
final class MetadataCalls {
  private final VolumePorts ports;
  private final VolumeLimits.RetryTimes times;
  private final Turn turn;

  MetadataCalls(VolumePorts ports, VolumeLimits.RetryTimes times, Turn turn) {
    this.ports = ports;
    this.times = times;
    this.turn = turn;
  }

  /** One try, then {@code answered} or {@code failed}. */
  <T> void askOnce(
      Supplier<CompletionStage<T>> question,
      Consumer<T> answered,
      Consumer<KurveException> failed) {
    new Try<>(answered, failed).send(question);
  }

  /**
   * Tries until there is an answer, an error that no other try can mend, or, after an error, no
   * worth in asking any more.
   */
  <T> void ask(
      Supplier<CompletionStage<T>> question,
      BooleanSupplier worthAsking,
      Consumer<T> answered,
      Consumer<KurveException> failed) {
    new Repeated<>(question, worthAsking, answered, failed, new BackOff(ports.random(), times))
        .attempt();
  }

  static boolean mayPass(ErrorCode code) {
    return switch (code) {
      case UNAVAILABLE, NOT_LEADER, UNKNOWN_OUTCOME, OVERLOAD, DEADLINE_EXCEEDED -> true;
      case INVALID_ARGUMENT,
          NOT_FOUND,
          ALREADY_EXISTS,
          ATTACHED_ELSEWHERE,
          IN_USE,
          NO_SPACE,
          FENCED,
          DATA_LOST,
          REFUSED,
          BAD_STORE,
          UNSUPPORTED,
          INTERNAL ->
          false;
    };
  }

  private final class Repeated<T> {
    private final Supplier<CompletionStage<T>> question;
    private final BooleanSupplier worthAsking;
    private final Consumer<T> answered;
    private final Consumer<KurveException> failed;
    private final BackOff backOff;

    Repeated(
        Supplier<CompletionStage<T>> question,
        BooleanSupplier worthAsking,
        Consumer<T> answered,
        Consumer<KurveException> failed,
        BackOff backOff) {
      this.question = question;
      this.worthAsking = worthAsking;
      this.answered = answered;
      this.failed = failed;
      this.backOff = backOff;
    }

    void attempt() {
      askOnce(question, answered, this::failed);
    }

    private void failed(KurveException failure) {
      if (!mayPass(failure.code()) || !worthAsking.getAsBoolean()) {
        failed.accept(failure);
        return;
      }
      ports.metrics().retried(ClientMetrics.Retry.METADATA);
      Duration delay = backOff.next();
      var unused = ports.loop().schedule(delay, () -> turn.enter(this::attempt));
    }
  }

  /** Ends by the first of answer, error and deadline. */
  private final class Try<T> {
    private final Consumer<T> answered;
    private final Consumer<KurveException> failed;
    private boolean ended;

    Try(Consumer<T> answered, Consumer<KurveException> failed) {
      this.answered = answered;
      this.failed = failed;
    }

    void send(Supplier<CompletionStage<T>> question) {
      var deadline =
          ports
              .loop()
              .schedule(times.metadataTimeout(), () -> turn.enter(() -> end(this::silence)));
      var unused =
          question
              .get()
              .whenComplete((answer, error) ->
                  turn.enter(() -> {
                    deadline.cancel();
                    end(
                        error == null
                            ? () -> answered.accept(answer)
                            : () -> failed.accept(asKurve(error)));
                  }));
    }

    private void silence() {
      failed.accept(
          new KurveException(
              ErrorCode.DEADLINE_EXCEEDED,
              "the MDS did not answer within " + times.metadataTimeout().toMillis() + " ms",
              "see with `kurve cluster status` whether an MDS runs"));
    }

    private void end(Runnable how) {
      if (!ended) {
        ended = true;
        how.run();
      }
    }
  }

  static KurveException asKurve(Throwable error) {
    Throwable cause =
        error instanceof CompletionException && error.getCause() != null ? error.getCause() : error;
    return cause instanceof KurveException kurve
        ? kurve
        : new KurveException(
            ErrorCode.INTERNAL,
            "the MDS could not be asked: " + cause,
            "report this with the log",
            cause);
  }
}
