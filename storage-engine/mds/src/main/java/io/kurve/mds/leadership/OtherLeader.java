package io.kurve.mds.leadership;

import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.metadata.HostAndPort;
import io.kurve.core.metastore.Entry;
import io.kurve.core.metastore.MetaStore;
import io.kurve.core.time.EventLoop;
import io.kurve.mds.record.Keys;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * Who leads while this process does not: what a standby tells those who ask it. Many who ask at
 * once share one look at the store. For the loop.
 */
public final class OtherLeader {
  private static final Duration FRESH = Duration.ofMillis(200);
  private static final Duration PATIENCE = Duration.ofMillis(500);

  private final EventLoop loop;
  private final MetaStore store;
  private final HostAndPort self;
  private @Nullable CompletableFuture<Optional<HostAndPort>> looking;
  private Optional<HostAndPort> seen = Optional.empty();
  private long seenNanos;
  private boolean looked;

  public OtherLeader(EventLoop loop, MetaStore store, HostAndPort self) {
    this.loop = loop;
    this.store = store;
    this.self = self;
  }

  /** Ends, and always well, with the leader's address, if it is another's and the store says it. */
  public CompletionStage<Optional<HostAndPort>> look() {
    if (looked && loop.nanoTime() - seenNanos < FRESH.toNanos()) {
      return CompletableFuture.completedFuture(seen);
    }
    if (looking == null) {
      CompletableFuture<Optional<HostAndPort>> look = new CompletableFuture<>();
      looking = look;
      var _ =
          Patience.within(loop, PATIENCE, asked(), OtherLeader::tooLong)
              .whenComplete((found, _) -> {
                looking = null;
                looked = found != null;
                seen = found == null ? Optional.empty() : found;
                seenNanos = loop.nanoTime();
                look.complete(seen);
              });
      return look;
    }
    return looking;
  }

  private CompletionStage<Optional<HostAndPort>> asked() {
    CompletableFuture<Optional<HostAndPort>> answer = new CompletableFuture<>();
    var _ =
        store
            .leader(Keys.ELECTION)
            .whenComplete((entry, failure) ->
                loop.execute(() -> {
                  boolean _ =
                      failure == null
                          ? answer.complete(entry.flatMap(this::address))
                          : answer.completeExceptionally(failure);
                }));
    return answer;
  }

  private Optional<HostAndPort> address(Entry candidate) {
    try {
      return Optional.of(HostAndPort.parse(candidate.value().toText()))
          .filter(address -> !address.equals(self));
    } catch (IllegalArgumentException notAnAddress) {
      return Optional.empty();
    }
  }

  private static KurveException tooLong() {
    return new KurveException(
        ErrorCode.DEADLINE_EXCEEDED, "the metadata store does not say who leads", "");
  }
}
