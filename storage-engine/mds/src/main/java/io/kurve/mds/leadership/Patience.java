package io.kurve.mds.leadership;

import io.kurve.core.failure.KurveException;
import io.kurve.core.time.EventLoop;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;

/** How long somebody waits for something that goes on without him. */
public final class Patience {
  private Patience() {}

  /**
   * @param stage ends on the loop
   * @param tooLong what he is told when the time is up
   */
  public static <T> CompletionStage<T> within(
      EventLoop loop,
      Duration patience,
      CompletionStage<T> stage,
      Supplier<KurveException> tooLong) {
    CompletableFuture<T> answer = new CompletableFuture<>();
    EventLoop.Timer timer =
        loop.schedule(
            patience,
            () -> {
              if (!answer.isDone()) {
                boolean _ = answer.completeExceptionally(tooLong.get());
              }
            });
    var _ =
        stage.whenComplete((value, failure) -> {
          timer.cancel();
          boolean _ =
              failure == null ? answer.complete(value) : answer.completeExceptionally(failure);
        });
    return answer;
  }
}
