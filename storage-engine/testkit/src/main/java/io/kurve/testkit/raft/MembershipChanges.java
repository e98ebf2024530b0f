package io.kurve.testkit.raft;

import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.log.Membership;
import io.kurve.core.log.ReplicaStatus.Role;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * Changes of a group's members.
 *
 * <pre>
 *   learners only   one entry ──committed──> done
 *   a new voter     gives its learner's place up ──committed──┐
 *   voters          joint: old and new decide together <──────┘
 *                   ──committed──> the new ones alone ──> done
 * </pre>
 *
 * The place is given up as the adapter of jraft does it: when the leader changes then, the new
 * voter has none.
 *
 * <p>A leader that finds the joint entry in its log goes on where the one before it stopped.
 */
final class MembershipChanges {
  /** As many entries may a learner lack that is to vote. */
  private static final long MARGIN = 16;

  private final Site site;
  private final Standing standing;
  private final SimReplicatedLog<?> replica;
  private @Nullable CompletableFuture<Void> underWay;
  private @Nullable Roster next;

  MembershipChanges(Site site, Standing standing, SimReplicatedLog<?> replica) {
    this.site = site;
    this.standing = standing;
    this.replica = replica;
  }

  CompletionStage<Void> change(Membership wanted) {
    if (standing.isClosed() || !replica.isLeading()) {
      return failed(ErrorCode.NOT_LEADER, "it does not lead");
    }
    Roster now = standing.roster();
    if (now.isJoint() || next != null || standing.log().rosterIndex() > standing.commitIndex()) {
      return failed(ErrorCode.UNAVAILABLE, "another change is under way");
    }
    if (now.membership().equals(wanted)) {
      return CompletableFuture.completedStage(null);
    }
    if (!wanted.voters().contains(site.self())) {
      return failed(ErrorCode.REFUSED, "it leads and would not be a member");
    }
    boolean sameVoters = now.voters().equals(wanted.voters());
    for (ReplicaId voter : wanted.voters()) {
      if (!now.voters().contains(voter) && !hasCaughtUp(now, voter)) {
        return failed(ErrorCode.UNAVAILABLE, voter + " has not caught up");
      }
    }
    CompletableFuture<Void> done = new CompletableFuture<>();
    underWay = done;
    Roster whole =
        new Roster(wanted.voters(), sameVoters ? List.of() : now.voters(), wanted.learners());
    List<ReplicaId> learners = new ArrayList<>(now.learners());
    if (learners.removeAll(wanted.voters())) {
      next = whole;
      append(new Roster(now.voters(), List.of(), learners));
    } else {
      append(whole);
    }
    return done;
  }

  private boolean hasCaughtUp(Roster now, ReplicaId learner) {
    long has = replica.replication().has(learner);
    return now.learners().contains(learner)
        && has > 0
        && has + MARGIN >= standing.log().lastIndex();
  }

  private void append(Roster roster) {
    site.trace(site.copyset() + " will be of " + roster);
    replica.replication().append(LogEntry.of(standing.term(), roster));
  }

  /** The leader knows of more committed entries. */
  void committed() {
    Roster now = standing.roster();
    if (!standing.is(Role.LEADER) || standing.log().rosterIndex() > standing.commitIndex()) {
      return;
    }
    Roster joint = next;
    if (joint != null) {
      next = null;
      append(joint);
      return;
    }
    if (now.isJoint()) {
      append(new Roster(now.voters(), List.of(), now.learners()));
      return;
    }
    CompletableFuture<Void> done = underWay;
    underWay = null;
    if (done != null) {
      site.loop().execute(() -> done.complete(null));
    }
    if (!now.isVoter(site.self())) {
      site.loop().execute(replica::stopLeading);
    }
  }

  void leadershipEnded() {
    CompletableFuture<Void> open = underWay;
    underWay = null;
    next = null;
    if (open != null) {
      site.loop()
          .execute(() ->
              open.completeExceptionally(
                  new KurveException(
                      ErrorCode.UNAVAILABLE, "it leads no more", "ask the new leader")));
    }
  }

  private CompletionStage<Void> failed(ErrorCode code, String why) {
    return CompletableFuture.failedStage(
        new KurveException(code, site.copyset() + ": " + why, "try again"));
  }
}
