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
   * @param initial who founds a group that has no record here yet; else the record decides
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
