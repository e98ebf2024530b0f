package io.kurve.core.log;

import io.kurve.core.id.CopysetKey;
import java.util.Set;

/** All replicas of one chunkserver, on its one shared log. */
public interface ReplicatedLogs extends AutoCloseable {
  /** The groups of which this store has a durable "member" record. */
  Set<CopysetKey> members();

  /**
   * Starts the replica of a group.
   *
   * @param initial who founds a group that has no record here yet; else the record decides. Without
   *     voters: the replica is to join a group that there is, as a learner. It gives no vote before
   *     an entry or a checkpoint of the group's has named it
   */
  <R> ReplicatedLog<R> open(
      CopysetKey copyset, Membership initial, ReplicatedStateMachine<R> stateMachine);

  /** Stops a replica and leaves a tombstone of its term and vote. */
  void purge(CopysetKey copyset);

  /** Used and whole bytes of the shared log; a full one answers OVERLOAD before it appends. */
  LogSpace space();

  @Override
  void close();

  record LogSpace(long usedBytes, long totalBytes) {}
}
