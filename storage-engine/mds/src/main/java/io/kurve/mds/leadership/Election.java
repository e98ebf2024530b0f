package io.kurve.mds.leadership;

import io.kurve.core.metastore.Bytes;
import io.kurve.core.metastore.MetaStore;
import io.kurve.core.metastore.Transaction.LeaseId;
import io.kurve.core.time.EventLoop;
import io.kurve.core.time.RandomSource;
import io.kurve.mds.record.Keys;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Stands for the leadership for as long as it is not closed, and knows until when it holds.
 *
 * <pre>
 *   keep-alive sent        answered                       own clock says stop      store gives it away
 *   |---------------------------------------------------->|----------------------->|
 *   0                                                      TTL - margin             TTL (at the least)
 * </pre>
 *
 * The store counts from when the keep-alive arrives, this clock from when it was sent, so this one
 * always ends first, also when the process was stopped in between.
 */
public final class Election {
  private static final Logger LOG = LoggerFactory.getLogger(Election.class);

  private final EventLoop loop;
  private final MetaStore store;
  private final RandomSource random;
  private final Bytes candidate;
  private final Timings timings;
  private final Listener listener;
  private @Nullable LeaseId lease;
  private MetaStore.@Nullable Leadership leadership;
  private long validUntilNanos;
  private int round;
  private boolean closed;
  private CompletionStage<?> revoked = CompletableFuture.completedFuture(true);

  /**
   * @param candidate what others are told about this process: its address
   */
  public Election(
      EventLoop loop,
      MetaStore store,
      RandomSource random,
      Bytes candidate,
      Timings timings,
      Listener listener) {
    this.loop = loop;
    this.store = store;
    this.random = random;
    this.candidate = candidate;
    this.timings = timings;
    this.listener = listener;
  }

  /** Called on the loop. */
  public interface Listener {
    void elected(MetaStore.Leadership leadership);

    void lost(String why);
  }

  public void start() {
    int mine = ++round;
    long askedAt = loop.nanoTime();
    var _ =
        store
            .grantLease(timings.leaderTimeToLive())
            .whenComplete((granted, failure) ->
                loop.execute(() -> {
                  if (mine != round) {
                    if (granted != null) {
                      drop(granted);
                    }
                  } else if (failure != null) {
                    startLater("no lease: " + failure);
                  } else {
                    lease = granted;
                    extend(askedAt, timings.leaderTimeToLive());
                    stand(mine, granted);
                    keepAliveLater(mine, granted);
                  }
                }));
  }

  /** Whether answers may be given: the leadership can't be another's yet. */
  public boolean holds() {
    return leadership != null && loop.nanoTime() - validUntilNanos < 0;
  }

  /** Gives the leadership back at once and stands again. */
  public void resign(String why) {
    if (!closed) {
      startLater(why);
    }
  }

  /** Ends, and always well, when the store has been told: another can lead at once. */
  public CompletionStage<?> close() {
    closed = true;
    round++;
    leadership = null;
    dropLease();
    return revoked;
  }

  /** With it goes the key: the others need not wait for its end. */
  private void dropLease() {
    if (lease != null) {
      drop(lease);
      lease = null;
    }
  }

  private void drop(LeaseId old) {
    revoked =
        store
            .revokeLease(old)
            .handle((_, failure) -> {
              if (failure != null) {
                LOG.info("a lease was not revoked and ends by itself: {}", failure.toString());
              }
              return true;
            });
  }

  private void stand(int mine, LeaseId granted) {
    var _ =
        store
            .campaign(Keys.ELECTION, candidate, granted)
            .whenComplete((won, failure) ->
                loop.execute(() -> {
                  if (mine != round) {
                    return;
                  }
                  if (failure != null) {
                    startLater("the election failed: " + failure);
                  } else {
                    leadership = won;
                    listener.elected(won);
                  }
                }));
  }

  private void keepAliveLater(int mine, LeaseId granted) {
    EventLoop.Timer _ =
        loop.schedule(
            timings.leaderTimeToLive().dividedBy(4),
            () -> {
              if (mine == round) {
                keepAlive(mine, granted);
              }
            });
  }

  private void keepAlive(int mine, LeaseId granted) {
    if (loop.nanoTime() - validUntilNanos >= 0) {
      startLater("no keep-alive was answered in time");
      return;
    }
    long sentAt = loop.nanoTime();
    var _ =
        store
            .keepAlive(granted)
            .whenComplete((left, failure) ->
                loop.execute(() -> {
                  if (mine == round) {
                    keptAlive(sentAt, left, failure);
                  }
                }));
    keepAliveLater(mine, granted);
  }

  private void keptAlive(
      long sentAt, @Nullable Optional<Duration> left, @Nullable Throwable failure) {
    if (left == null) {
      LOG.warn("a keep-alive of the leader's lease failed: {}", String.valueOf(failure));
    } else if (left.isEmpty()) {
      startLater("the leader's lease is gone");
    } else {
      extend(sentAt, left.get());
    }
  }

  private void extend(long sentAt, Duration timeToLive) {
    validUntilNanos = sentAt + timeToLive.minus(timings.leaderMargin()).toNanos();
  }

  private void startLater(String why) {
    int mine = ++round;
    dropLease();
    if (leadership != null) {
      leadership = null;
      listener.lost(why);
    }
    long pauseMillis = 100 + random.nextLong(200);
    EventLoop.Timer _ =
        loop.schedule(
            Duration.ofMillis(pauseMillis),
            () -> {
              if (mine == round && !closed) {
                start();
              }
            });
  }
}
