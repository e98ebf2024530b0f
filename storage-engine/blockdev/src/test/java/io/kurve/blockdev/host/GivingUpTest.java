package io.kurve.blockdev.host;

import static org.assertj.core.api.Assertions.assertThat;

import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.time.SystemRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@Timeout(20)
class GivingUpTest {
  private final GivingUp givingUp = new GivingUp(new SystemRandom());

  @Test
  void asksAgainWhileTheClusterIsAway() throws Exception {
    AtomicInteger asked = new AtomicInteger();

    var unused =
        givingUp
            .start(
                "attachment-1",
                () ->
                    asked.incrementAndGet() == 1
                        ? failed(ErrorCode.UNAVAILABLE)
                        : CompletableFuture.completedFuture(null))
            .get(10, TimeUnit.SECONDS);

    assertThat(asked).hasValue(2);
  }

  @ParameterizedTest
  @EnumSource(names = {"FENCED", "NOT_FOUND"})
  void whatIsGoneIsGivenUp(ErrorCode gone) {
    assertThat(givingUp.start("attachment-1", () -> failed(gone))).isCompleted();
  }

  private static CompletableFuture<Void> failed(ErrorCode code) {
    return CompletableFuture.failedFuture(new KurveException(code, "no", ""));
  }
}
