package io.kurve.testkit.raft;

import io.kurve.core.id.ReplicaId;
import io.kurve.core.log.Membership;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.function.ToLongFunction;

/**
 * Who belongs to a group.
 *
 * @param outgoing during a joint change the voters of before; whatever is decided needs a majority
 *     of them too
 */
record Roster(List<ReplicaId> voters, List<ReplicaId> outgoing, List<ReplicaId> learners) {
  static Roster of(Membership membership) {
    return new Roster(membership.voters(), List.of(), membership.learners());
  }

  Membership membership() {
    return new Membership(voters, learners);
  }

  boolean isJoint() {
    return !outgoing.isEmpty();
  }

  boolean isVoter(ReplicaId replica) {
    return voters.contains(replica) || outgoing.contains(replica);
  }

  boolean names(ReplicaId replica) {
    return isVoter(replica) || learners.contains(replica);
  }

  SortedSet<ReplicaId> allVoters() {
    SortedSet<ReplicaId> all = new TreeSet<>(voters);
    all.addAll(outgoing);
    return all;
  }

  SortedSet<ReplicaId> all() {
    SortedSet<ReplicaId> all = allVoters();
    all.addAll(learners);
    return all;
  }

  boolean decidedBy(Predicate<ReplicaId> who) {
    return agreed(replica -> who.test(replica) ? 1 : 0) == 1;
  }

  /** The highest number that enough of the voters have reached. */
  long agreed(ToLongFunction<ReplicaId> reached) {
    long now = agreed(voters, reached);
    return isJoint() ? Math.min(now, agreed(outgoing, reached)) : now;
  }

  private static long agreed(List<ReplicaId> voters, ToLongFunction<ReplicaId> reached) {
    return voters.isEmpty()
        ? Long.MIN_VALUE
        : voters.stream().mapToLong(reached).sorted().toArray()[(voters.size() - 1) / 2];
  }
}
