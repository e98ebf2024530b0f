package io.kurve.consensus.jraft;

import java.time.Duration;
import java.util.Collection;

/**
 * The checkpoints that other replicas fetch from this one, so that the log behind them stays until
 * they have it too (rule 12).
 *
 * <pre>
 *   log:   ... S ............ end
 *              |
 *              the newest checkpoint, fetched by another replica, which goes on with S + 1:
 *              jraft needs the term of S for that, and has it of its newest checkpoint and of
 *              entries in the log only. A next checkpoint would drop S.
 * </pre>
 */
final class Loans {
  private static final long NONE = Long.MAX_VALUE;

  /** One that died right after its install would keep the log for ever. */
  private static final Duration GONE = Duration.ofSeconds(30);

  private long oldest = NONE;
  private int fetching;

  /**
   * @param next the entry that it needs next
   * @param silent since it was heard of
   */
  record Follower(long next, Duration silent) {
    boolean isGone() {
      return silent.compareTo(GONE) > 0;
    }
  }

  synchronized void lent(long index) {
    fetching++;
    oldest = Math.min(oldest, index);
  }

  synchronized void returned() {
    fetching--;
  }

  /**
   * Whether somebody would need another install if a checkpoint were taken and the log up to the
   * newest one went away.
   */
  synchronized boolean need(long newest, Collection<Follower> followers) {
    boolean catchingUp =
        followers.stream()
            .anyMatch(one -> !one.isGone() && one.next() > oldest && one.next() <= newest + 1);
    if (fetching == 0 && !catchingUp) {
      oldest = NONE;
    }
    return oldest != NONE;
  }
}
