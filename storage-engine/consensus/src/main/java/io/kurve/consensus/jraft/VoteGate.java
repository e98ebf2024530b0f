package io.kurve.consensus.jraft;

import java.time.Duration;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/**
 * Keeps a leader's lease true (rule 14): for one election timeout after this replica started, and
 * after each message that it accepted from a leader, it gives no vote. What it promised before a
 * restart it no longer knows, so the start counts like a message.
 *
 * <p>Taking a leader's message and giving a vote exclude each other here: either the message comes
 * first and the vote is refused, or the vote comes first, raises the term, and the message is
 * refused. A message never waits for a vote, which is written to the disk: it is refused meanwhile,
 * and its leader sends another one.
 */
final class VoteGate {
  private final LeaseClock clock;
  private final long electionTimeoutNanos;
  private final ReentrantLock lock = new ReentrantLock();
  private long heardAt;

  VoteGate(LeaseClock clock, Duration electionTimeout) {
    this.clock = clock;
    this.electionTimeoutNanos = electionTimeout.toNanos();
    this.heardAt = clock.monotonicNanos();
  }

  /**
   * A leader's message arrived; called before it is looked at any further.
   *
   * @return false when a vote is under way: the message must not be taken
   */
  boolean heardLeader() {
    if (!lock.tryLock()) {
      return false;
    }
    try {
      heardAt = clock.monotonicNanos();
    } finally {
      lock.unlock();
    }
    return true;
  }

  /**
   * Runs the election step, or gives the refusal when a leader may hold a lease on our word.
   *
   * @param releasedByLeader the leader itself gave its lease up and named this candidate
   */
  <T> T vote(boolean releasedByLeader, Supplier<T> refusal, Supplier<T> step) {
    lock.lock();
    try {
      boolean bound = clock.monotonicNanos() - heardAt < electionTimeoutNanos;
      return bound && !releasedByLeader ? refusal.get() : step.get();
    } finally {
      lock.unlock();
    }
  }
}
