package io.kurve.chunkserver.service;

import io.kurve.chunkserver.copyset.CommandReply;
import io.kurve.chunkserver.copyset.CopysetStateMachine;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.log.ReplicaStatus;
import io.kurve.core.log.ReplicatedLog;

/** One running replica of a copyset on this chunkserver. */
public final class CopysetReplica {
  /** Entries that are committed and not applied: so many are on their way at any time. */
  private static final long MAX_LAG = 256;

  private final CopysetStateMachine machine;
  private final ObservedStateMachine observed;
  private final ReplicatedLog<CommandReply> log;
  private final LeaderProof proof;
  private final LeaderChanges changes;
  private final LeaderReads reads;

  /** What the own log held at the start: up to there it may write blocks again that are torn. */
  private final long replayedAt;

  CopysetReplica(
      CopysetStateMachine machine,
      ObservedStateMachine observed,
      ReplicatedLog<CommandReply> log,
      LeaderProof proof,
      LeaderChanges changes,
      LeaderReads reads) {
    this.machine = machine;
    this.observed = observed;
    this.log = log;
    this.proof = proof;
    this.changes = changes;
    this.reads = reads;
    this.replayedAt = log.status().indexes().durable();
  }

  public CopysetKey copyset() {
    return machine.copyset();
  }

  public CopysetStateMachine machine() {
    return machine;
  }

  public ReplicatedLog<CommandReply> log() {
    return log;
  }

  /** To be asked before anything is told of its state. */
  LeaderProof proof() {
    return proof;
  }

  /** Whether entries that come now are those that others had before: counted as caught up. */
  public void catchingUp(boolean behind) {
    observed.catchingUp(behind);
  }

  /** An error stopped it; it neither votes nor serves any more. */
  public boolean hasFailed() {
    return log.status().role() == ReplicaStatus.Role.FAILED;
  }

  /**
   * Whether its blocks are those of the log's end, or nearly: until then a block that does not
   * match its checksum is no damage, and one that does may be old.
   */
  boolean isUpToDate() {
    ReplicaStatus.Indexes indexes = log.status().indexes();
    long applied = machine.applied().index();
    // What an earlier leader left at the end may be gone by now.
    return applied >= Math.min(replayedAt, indexes.durable())
        && applied >= indexes.committed() - MAX_LAG;
  }

  /** Found bad on reads and not repaired yet. */
  public int damagedBlocks() {
    return reads.damagedBlocks();
  }

  LeaderChanges changes() {
    return changes;
  }

  LeaderReads reads() {
    return reads;
  }
}
