package io.kurve.core.log;

import io.kurve.core.id.ReplicaId;
import java.util.List;

/** Who votes and who only learns, each list sorted. */
public record Membership(List<ReplicaId> voters, List<ReplicaId> learners) {
  public Membership {
    voters = voters.stream().sorted().toList();
    learners = learners.stream().sorted().toList();
  }

  public static Membership ofVoters(List<ReplicaId> voters) {
    return new Membership(voters, List.of());
  }
}
