package io.kurve.protocol.control;

import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.kurve.core.failure.KurveException;
import io.kurve.protocol.convert.BadMessage;
import io.kurve.protocol.v1.Nothing;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import java.util.function.Supplier;

/** From a stage to the answer of a call. */
final class Answers {
  private Answers() {}

  static <T, W> void answer(
      StreamObserver<W> observer, Supplier<CompletionStage<T>> call, Function<T, W> toWire) {
    // Without a handler, answering a call that was cancelled meanwhile would throw.
    ((ServerCallStreamObserver<W>) observer).setOnCancelHandler(() -> {});
    CompletionStage<T> stage;
    try {
      stage = call.get();
    } catch (KurveException | BadMessage refused) {
      observer.onError(Failures.toStatus(refused));
      return;
    }
    var _ =
        stage
            .thenApply(toWire)
            .whenComplete((answer, failure) -> {
              if (failure != null) {
                observer.onError(Failures.toStatus(failure));
              } else {
                observer.onNext(answer);
                observer.onCompleted();
              }
            });
  }

  static void done(StreamObserver<Nothing> observer, Supplier<CompletionStage<Void>> call) {
    answer(observer, call, ignored -> Nothing.getDefaultInstance());
  }
}
