package io.kurve.consensus.jraft;

import io.kurve.core.id.ReplicaId;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Whether this leader may answer reads from its own state (rule 14).
 *
 * <p>A follower that accepted a message of the leader's gives no vote to anyone else for a whole
 * election timeout ({@link VoteGate}). It counts from the message's arrival, the leader from its
 * departure, and the leader uses only half of it:
 *
 * <pre>
 *  leader    sent |---- lease: half the timeout ----|
 *  follower         arrived |---- no vote to others: the whole timeout ----|
 * </pre>
 *
 * <p>The lease runs while a majority, itself included, is within that half, in the same term. It is
 * dropped when the machine turns out to have been suspended, because the clock stood still then. A
 * lease surrendered for a term (before a transfer, or before a vote for another) never comes back
 * in that term: late acknowledgements don't revive it.
 *
 * <p>Acknowledgements come on the transport's threads, questions on those of readers; neither
 * waits.
 */
final class LeaderLease {
  /** For the clock's own grain. */
  private static final long MARGIN_NANOS = Duration.ofMillis(10).toNanos();

  /** What two clocks read one after the other may differ by without any sleep. */
  private static final long SUSPENSION_NANOS = Duration.ofMillis(20).toNanos();

  private final ReplicaId self;
  private final LeaseClock clock;
  private final long leaseNanos;

  private volatile Quorums quorums = new Quorums(List.of(), List.of());
  private volatile Term term = new Term(0, Long.MIN_VALUE);
  private volatile long surrenderedTerm = -1;
  private volatile long suspendedBefore;

  LeaderLease(ReplicaId self, LeaseClock clock, Duration electionTimeout) {
    this.self = self;
    this.clock = clock;
    this.leaseNanos = electionTimeout.toNanos() / 2 - MARGIN_NANOS;
    this.suspendedBefore = clock.suspendedNanos();
  }

  /** Whose majorities count; during a joint change those of both. */
  void voters(List<ReplicaId> voters, List<ReplicaId> oldVoters) {
    quorums = new Quorums(List.copyOf(voters), List.copyOf(oldVoters));
  }

  long now() {
    return clock.monotonicNanos();
  }

  /**
   * A follower accepted a message of this term that had left here at this time.
   *
   * @param sentAt of {@link #now}
   */
  void acknowledged(long messageTerm, ReplicaId follower, long sentAt) {
    Term current = termOf(messageTerm);
    if (current.number == messageTerm && sentAt > current.leftAfter) {
      current.acknowledgements.merge(follower, sentAt, Math::max);
    }
  }

  private Term termOf(long number) {
    Term current = term;
    return current.number >= number ? current : begin(number);
  }

  private synchronized Term begin(long number) {
    if (term.number < number) {
      term = new Term(number, Long.MIN_VALUE);
    }
    return term;
  }

  /** From now on this term has no lease. To be called before anybody else can be helped to lead. */
  synchronized void surrender(long number) {
    surrenderedTerm = Math.max(surrenderedTerm, number);
  }

  boolean surrendered(long number) {
    return number <= surrenderedTerm;
  }

  boolean holds(long leadingTerm) {
    if (surrendered(leadingTerm) || wasSuspended()) {
      return false;
    }
    Term current = term;
    Quorums counted = quorums;
    if (counted.voters.isEmpty()) {
      return false;
    }
    long now = now();
    Map<ReplicaId, Long> fresh =
        current.number == leadingTerm ? current.acknowledgements : Map.of();
    return majority(counted.voters, fresh, now)
        && (counted.oldVoters.isEmpty() || majority(counted.oldVoters, fresh, now))
        // Surrendered while we counted: then somebody may lead already.
        && !surrendered(leadingTerm);
  }

  private boolean majority(List<ReplicaId> members, Map<ReplicaId, Long> sentAt, long now) {
    int count = 0;
    for (ReplicaId member : members) {
      if (member.equals(self)) {
        count++;
      } else {
        Long sent = sentAt.get(member);
        if (sent != null && now - sent < leaseNanos) {
          count++;
        }
      }
    }
    return count > members.size() / 2;
  }

  private boolean wasSuspended() {
    long suspended = clock.suspendedNanos();
    if (suspended - suspendedBefore <= SUSPENSION_NANOS) {
      return false;
    }
    synchronized (this) {
      if (suspended - suspendedBefore > SUSPENSION_NANOS) {
        // What left before the sleep looks fresh to a clock that slept, too.
        term = new Term(term.number, now());
        suspendedBefore = suspended;
      }
    }
    return true;
  }

  private record Quorums(List<ReplicaId> voters, List<ReplicaId> oldVoters) {}

  /** Acknowledgements count of messages that left after {@code leftAfter}. */
  private static final class Term {
    final long number;
    final long leftAfter;
    final Map<ReplicaId, Long> acknowledgements = new ConcurrentHashMap<>();

    Term(long number, long leftAfter) {
      this.number = number;
      this.leftAfter = leftAfter;
    }
  }
}
