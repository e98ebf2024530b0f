package io.kurve.consensus.jraft;

import com.alipay.sofa.jraft.Status;
import com.alipay.sofa.jraft.core.NodeImpl;
import com.alipay.sofa.jraft.entity.Task;
import com.alipay.sofa.jraft.error.RaftError;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.log.Membership;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import java.util.function.Predicate;

/**
 * One change of a group's members, by its leader.
 *
 * <pre>
 *   learners come or go     one entry
 *   a learner is to vote    its learner's place is given up ─> jraft looks whether it has caught up
 *                           ─> joint entry: both memberships decide ─> the new one alone
 * </pre>
 *
 * <p>The place is given up first because jraft goes on to count a learner's acknowledgements for
 * nothing after it has become a voter, and then stops to send to it at all. When the leader dies
 * between the two steps, the replica is no member, and whoever leads next makes it a learner again:
 * it lacks little by then.
 */
final class MembershipChange {
  private final NodeImpl node;
  private final String name;
  private final Membership wanted;
  private final CompletableFuture<Void> end = new CompletableFuture<>();

  MembershipChange(NodeImpl node, String name, Membership wanted) {
    this.node = node;
    this.name = name;
    this.wanted = wanted;
  }

  CompletionStage<Void> end() {
    return end;
  }

  /**
   * May wait for the replica's lock.
   *
   * @param hasCaughtUp whether a learner lacks next to nothing
   */
  void begin(ReplicaId self, Predicate<ReplicaId> hasCaughtUp) {
    if (!node.isLeader()) {
      fail(ErrorCode.NOT_LEADER, "it does not lead");
      return;
    }
    Membership now = PeerNames.membership(node.getCurrentConf());
    if (!wanted.voters().contains(self)) {
      fail(ErrorCode.REFUSED, "it leads and would not be a member");
      return;
    }
    List<ReplicaId> promoted = new ArrayList<>(wanted.voters());
    promoted.removeAll(now.voters());
    for (ReplicaId voter : promoted) {
      if (!now.learners().contains(voter) || !hasCaughtUp.test(voter)) {
        fail(ErrorCode.UNAVAILABLE, voter + " has not caught up as a learner");
        return;
      }
    }
    if (promoted.isEmpty()) {
      change(wanted, this::ended);
      return;
    }
    List<ReplicaId> learners = new ArrayList<>(now.learners());
    learners.removeAll(promoted);
    change(
        new Membership(now.voters(), learners),
        status -> {
          if (status.isOk()) {
            promote();
          } else {
            ended(status);
          }
        });
  }

  private void change(Membership next, Consumer<Status> done) {
    node.changePeers(PeerNames.configuration(next), done::accept);
  }

  /**
   * jraft looks whether a replica has caught up when that answers to new entries only, and its
   * first answer may have come before jraft waited for it; a group without writes would wait on.
   */
  private void promote() {
    change(wanted, this::ended);
    node.apply(new Task(StateMachineCaller.NOTHING, status -> {}, -1));
  }

  private void ended(Status status) {
    if (status.isOk()) {
      end.complete(null);
    } else if (status.getRaftError() == RaftError.EPERM) {
      fail(ErrorCode.NOT_LEADER, String.valueOf(status.getErrorMsg()));
    } else {
      fail(ErrorCode.UNAVAILABLE, String.valueOf(status.getErrorMsg()));
    }
  }

  private void fail(ErrorCode code, String why) {
    end.completeExceptionally(
        new KurveException(
            code, name + ": its members do not become " + wanted + ": " + why, "ask the leader"));
  }
}
