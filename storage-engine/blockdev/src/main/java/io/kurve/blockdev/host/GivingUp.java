package io.kurve.blockdev.host;

import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.time.RandomSource;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gives attachments up that this host has no use for any more, with patience: as long as the
 * cluster counts them, nobody else can attach or delete the volume.
 */
public final class GivingUp {
  private static final Logger LOG = LoggerFactory.getLogger(GivingUp.class);
  private static final Duration FIRST_PAUSE = Duration.ofMillis(500);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(30);

  /** About half an hour: then it takes a person. */
  private static final int ATTEMPTS = 60;

  private final RandomSource random;

  public GivingUp(RandomSource random) {
    this.random = random;
  }

  /**
   * @param close asked again until it ends well, or says that the attachment is gone
   * @return ends when it is given up, exceptionally when that took too long
   */
  public CompletableFuture<Void> start(String attachment, Supplier<CompletionStage<Void>> close) {
    return attempt(attachment, close, 1);
  }

  private CompletableFuture<Void> attempt(
      String attachment, Supplier<CompletionStage<Void>> close, int number) {
    return close
        .get()
        .exceptionallyCompose(thrown -> again(attachment, close, number, thrown))
        .toCompletableFuture();
  }

  private CompletionStage<Void> again(
      String attachment, Supplier<CompletionStage<Void>> close, int number, Throwable thrown) {
    Throwable cause = thrown instanceof CompletionException ? thrown.getCause() : thrown;
    if (isGone(cause)) {
      return CompletableFuture.completedFuture(null);
    }
    if (number == ATTEMPTS) {
      LOG.error(
          "{} was not given up: fence it by hand with `kurve volume detach --force`",
          attachment,
          cause);
      return CompletableFuture.failedFuture(thrown);
    }
    if (number == 1) {
      LOG.warn("{} is not given up yet, trying goes on: {}", attachment, String.valueOf(cause));
    }
    // Not on the host's own threads: a bounded executor that is full would drop the next attempt.
    Executor later = CompletableFuture.delayedExecutor(pauseMillis(number), TimeUnit.MILLISECONDS);
    return CompletableFuture.supplyAsync(() -> number + 1, later)
        .thenCompose(next -> attempt(attachment, close, next));
  }

  private static boolean isGone(@Nullable Throwable cause) {
    return cause instanceof KurveException known
        && (known.code() == ErrorCode.FENCED || known.code() == ErrorCode.NOT_FOUND);
  }

  /** Doubles up to the longest, half of it by chance. */
  private long pauseMillis(int number) {
    long pause =
        Math.min(LONGEST_PAUSE.toMillis(), FIRST_PAUSE.toMillis() << Math.min(number - 1, 10));
    return pause / 2 + random.nextLong(pause / 2 + 1);
  }
}
