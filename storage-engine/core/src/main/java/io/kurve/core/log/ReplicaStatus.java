package io.kurve.core.log;

import io.kurve.core.id.ReplicaId;
import java.util.Map;
import java.util.Optional;

/**
 * What a replica knows of its group.
 *
 * @param followers on the leader: the next index that each other member lacks, learners too; else
 *     empty
 */
public record ReplicaStatus(
    Role role,
    long term,
    Optional<ReplicaId> leader,
    Membership membership,
    Indexes indexes,
    Map<ReplicaId, Long> followers) {

  public enum Role {
    LEADER,
    FOLLOWER,
    CANDIDATE,
    /** Takes a snapshot in; serves nobody. */
    INSTALLING,
    /** Stopped by an error; the log says which. */
    FAILED
  }

  public record Indexes(long first, long durable, long committed, long applied) {}
}
