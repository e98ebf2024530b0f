package io.kurve.testkit.raft;

import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.log.ReplicaStatus.Role;
import io.kurve.testkit.world.SimNetwork;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * A replica's part in elections and transfers.
 *
 * <pre>
 *   nobody heard for an election timeout ──> asks all that are reached, in one step:
 *     who may vote, heard no leader for as long, and has nothing newer ──> gives its vote
 *   a majority ──> a term above all of theirs ──> leads
 *
 *   transfer   the leader gives its lease up for good, and the target need not wait; when it does
 *              not lead soon, the leader steps down
 * </pre>
 */
final class Elections {
  static final Duration TIMEOUT = Duration.ofMillis(1000);

  private final Site site;
  private final Standing standing;
  private final SimReplicatedLog<?> replica;
  private boolean leaseGivenUp;
  private @Nullable CompletableFuture<Void> transfer;

  Elections(Site site, Standing standing, SimReplicatedLog<?> replica) {
    this.site = site;
    this.standing = standing;
    this.replica = replica;
  }

  void watch() {
    site.later(
        TIMEOUT.plusMillis(site.random().nextLong(TIMEOUT.toMillis())),
        () -> {
          if (!standing.isClosed()) {
            if (standing.is(Role.FOLLOWER) && standing.heardNobodyFor(TIMEOUT)) {
              standing.leader(Optional.empty());
              stand(false);
            }
            watch();
          }
        });
  }

  private void stand(boolean leaderGaveUp) {
    if (!mayLead()) {
      return;
    }
    standing.log().sync();
    Map<ReplicaId, SimReplicatedLog<?>> votes = new TreeMap<>();
    long highest = standing.term();
    Roster roster = standing.roster();
    for (ReplicaId voter : roster.allVoters()) {
      SimReplicatedLog<?> other = reached(voter);
      if (other != null) {
        highest = Math.max(highest, other.standing().term());
        if (other == replica || other.elections().wouldVoteFor(standing.log(), leaderGaveUp)) {
          votes.put(voter, other);
        }
      }
    }
    if (!roster.decidedBy(votes::containsKey)) {
      return;
    }
    long term = highest + 1;
    votes.values().forEach(voter -> voter.elections().voted(term));
    site.soon(2_000_000, () -> lead(term));
  }

  private boolean mayLead() {
    return !standing.isClosed()
        && standing.is(Role.FOLLOWER)
        && replica.mayVote()
        && standing.roster().isVoter(site.self());
  }

  private @Nullable SimReplicatedLog<?> reached(ReplicaId voter) {
    if (voter.equals(site.self())) {
      return replica;
    }
    SimReplicatedLog<?> other = site.raft().find(voter, site.copyset());
    return other == null || !site.raft().network().connected(site.process(), other.site().process())
        ? null
        : other;
  }

  private boolean wouldVoteFor(LogTail candidate, boolean leaderGaveUp) {
    if (standing.isClosed()
        || !replica.mayVote()
        || !standing.isNamed(site.self())
        || standing.is(Role.INSTALLING)) {
      return false;
    }
    boolean leaseMayRun =
        standing.is(Role.LEADER)
            ? !replica.replication().quorumIsSilentFor(TIMEOUT)
            : !standing.heardNobodyFor(TIMEOUT);
    if (leaseMayRun && !leaderGaveUp) {
      return false;
    }
    LogTail ours = standing.log();
    long theirTerm = candidate.termAt(candidate.lastIndex());
    long ourTerm = ours.termAt(ours.lastIndex());
    return theirTerm > ourTerm
        || (theirTerm == ourTerm && candidate.lastIndex() >= ours.lastIndex());
  }

  private void voted(long newTerm) {
    replica.newTerm(newTerm);
    standing.leader(Optional.empty());
    standing.heardNow();
  }

  private void lead(long wonTerm) {
    if (mayLead() && standing.term() == wonTerm) {
      site.raft().leads(site.copyset(), wonTerm, site.self());
      leaseGivenUp = false;
      replica.startLeading();
    }
  }

  boolean hasGivenItsLeaseUp() {
    return leaseGivenUp;
  }

  CompletionStage<Void> transferTo(ReplicaId target) {
    if (!standing.is(Role.LEADER)
        || site.raft().processOf(target) == null
        || target.equals(site.self())) {
      return CompletableFuture.failedStage(failed("no transfer to " + target));
    }
    CompletableFuture<Void> done = new CompletableFuture<>();
    leaseGivenUp = true;
    transfer = done;
    long term = standing.term();
    long sentNanos = site.loop().nanoTime();
    site.send(
        target,
        SimNetwork.Kind.ONCE,
        "transfer",
        peer -> peer.elections().takeOver(term, sentNanos));
    site.later(TIMEOUT.multipliedBy(2), () -> giveUp(term));
    return done;
  }

  private void takeOver(long ofTerm, long sentNanos) {
    if (ofTerm == standing.term() && site.loop().nanoTime() - sentNanos < TIMEOUT.toNanos()) {
      stand(true);
    }
  }

  /** Nobody has taken over; the lease is gone, so somebody must be elected. */
  private void giveUp(long ofTerm) {
    if (standing.is(Role.LEADER) && standing.term() == ofTerm) {
      if (transfer != null) {
        transfer.completeExceptionally(failed("the transfer came to nothing"));
      }
      replica.stopLeading();
    }
  }

  /** It leads no more: a transfer has ended. */
  void leadershipEnded() {
    CompletableFuture<Void> handedOver = transfer;
    transfer = null;
    if (handedOver != null) {
      site.loop().execute(() -> handedOver.complete(null));
    }
  }

  private static KurveException failed(String why) {
    return new KurveException(ErrorCode.UNAVAILABLE, why, "try again");
  }
}
