package io.kurve.chunkserver.service;

import io.kurve.chunkserver.copyset.CommandReply;
import io.kurve.chunkserver.copyset.CopysetStateMachine;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.log.ReplicaStatus;
import io.kurve.core.log.ReplicatedLog;

/** One running replica of a copyset on this chunkserver. */
public final class CopysetReplica {
  private final CopysetStateMachine machine;
  private final ObservedStateMachine observed;
  private final ReplicatedLog<CommandReply> log;
  private final LeaderChanges changes;
  private final LeaderReads reads;

  CopysetReplica(
      CopysetStateMachine machine,
      ObservedStateMachine observed,
      ReplicatedLog<CommandReply> log,
      LeaderChanges changes,
      LeaderReads reads) {
    this.machine = machine;
    this.observed = observed;
    this.log = log;
    this.changes = changes;
    this.reads = reads;
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

  /** Whether entries that come now are those that others had before: counted as caught up. */
  public void catchingUp(boolean behind) {
    observed.catchingUp(behind);
  }

  /** An error stopped it; it neither votes nor serves any more. */
  public boolean hasFailed() {
    return log.status().role() == ReplicaStatus.Role.FAILED;
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
