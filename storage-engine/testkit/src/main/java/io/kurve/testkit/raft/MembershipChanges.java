package io.kurve.testkit.raft;

import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.log.Membership;
import io.kurve.core.log.ReplicaStatus.Role;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * Changes of a group's members.
 *
 * <pre>
 *   learners only   one entry ──committed──> done
 *   voters          joint: old and new decide together ──committed──> the new ones alone ──> done
 * </pre>
 *
 * A leader that finds the joint entry in its log goes on where the one before it stopped.
 */
final class MembershipChanges {
  /** As many entries may a learner lack that is to vote. */
  private static final long MARGIN = 16;

  private final Site site;
  private final Standing standing;
  private final SimReplicatedLog<?> replica;
  private @Nullable CompletableFuture<Void> underWay;

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
    if (now.isJoint() || standing.log().rosterIndex() > standing.commitIndex()) {
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
    append(new Roster(wanted.voters(), sameVoters ? List.of() : now.voters(), wanted.learners()));
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
