package io.kurve.consensus.jraft;

import java.time.Duration;
import java.util.function.Supplier;

/**
 * Keeps a leader's lease true (rule 14): for one election timeout after this replica started, and
 * after each message that it accepted from a leader, it gives no vote. What it promised before a
 * restart it no longer knows, so the start counts like a message.
 *
 * <p>Taking a leader's message and giving a vote exclude each other here: either the message comes
 * first and the vote is refused, or the vote comes first, raises the term, and the message is
 * refused.
 */
final class VoteGate {
  private final LeaseClock clock;
  private final long electionTimeoutNanos;
  private long heardAt;

  VoteGate(LeaseClock clock, Duration electionTimeout) {
    this.clock = clock;
    this.electionTimeoutNanos = electionTimeout.toNanos();
    this.heardAt = clock.monotonicNanos();
  }

  /** A leader's message arrived; called before it is looked at any further. */
  synchronized void heardLeader() {
    heardAt = clock.monotonicNanos();
  }

  /**
   * Runs the election step, or gives the refusal when a leader may hold a lease on our word.
   *
   * @param releasedByLeader the leader itself gave its lease up and named this candidate
   */
  synchronized <T> T vote(boolean releasedByLeader, Supplier<T> refusal, Supplier<T> step) {
    boolean bound = clock.monotonicNanos() - heardAt < electionTimeoutNanos;
    return bound && !releasedByLeader ? refusal.get() : step.get();
  }
}
