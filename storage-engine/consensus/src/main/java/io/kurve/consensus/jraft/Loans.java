package io.kurve.consensus.jraft;

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

  private long oldest = NONE;
  private int fetching;

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
   *
   * @param next the entry that each follower needs next
   */
  synchronized boolean need(long newest, Collection<Long> next) {
    boolean catchingUp = next.stream().anyMatch(index -> index > oldest && index <= newest + 1);
    if (fetching == 0 && !catchingUp) {
      oldest = NONE;
    }
    return oldest != NONE;
  }
}
