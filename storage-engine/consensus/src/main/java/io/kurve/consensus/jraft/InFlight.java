package io.kurve.consensus.jraft;

import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The proposals whose end is not known yet: bounded, and none forgotten when the replica closes.
 */
final class InFlight<R> {
  private final ReplicationSettings.Bound bound;
  private final Set<ProposalClosure<R>> proposals = ConcurrentHashMap.newKeySet();
  private final AtomicInteger count = new AtomicInteger();
  private final AtomicLong bytes = new AtomicLong();

  InFlight(ReplicationSettings.Bound bound) {
    this.bound = bound;
  }

  /** False when there are too many; a single one always fits, however large. */
  boolean enter(ProposalClosure<R> proposal) {
    int others = count.getAndIncrement();
    long otherBytes = bytes.getAndAdd(proposal.bytes());
    if (others > 0 && (others >= bound.count() || otherBytes + proposal.bytes() > bound.bytes())) {
      count.decrementAndGet();
      bytes.addAndGet(-proposal.bytes());
      return false;
    }
    proposals.add(proposal);
    return true;
  }

  void leave(ProposalClosure<R> proposal) {
    if (proposals.remove(proposal)) {
      count.decrementAndGet();
      bytes.addAndGet(-proposal.bytes());
    }
  }

  void abandonAll() {
    List.copyOf(proposals).forEach(ProposalClosure::abandoned);
  }
}
