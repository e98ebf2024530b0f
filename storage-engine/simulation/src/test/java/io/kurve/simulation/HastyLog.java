package io.kurve.simulation;

import io.kurve.chunkserver.copyset.CommandReply;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.log.LogPosition;
import io.kurve.core.log.Membership;
import io.kurve.core.log.Proposal;
import io.kurve.core.log.ProposalListener;
import io.kurve.core.log.ReadPermission;
import io.kurve.core.log.ReplicaStatus;
import io.kurve.core.log.ReplicatedLog;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletionStage;

/** Says Applied when it has appended. */
record HastyLog(ReplicatedLog<CommandReply> log) implements ReplicatedLog<CommandReply> {
  @Override
  public CopysetKey copyset() {
    return log.copyset();
  }

  @Override
  public void propose(
      ByteBuffer command, long expectedTerm, ProposalListener<CommandReply> listener) {
    ReplicaStatus status = log.status();
    if (status.role() != ReplicaStatus.Role.LEADER || status.term() != expectedTerm) {
      log.propose(command, expectedTerm, listener);
      return;
    }
    log.propose(command, expectedTerm, end -> {});
    listener.ended(
        new Proposal.Applied<>(
            new LogPosition(expectedTerm, status.indexes().applied()), new CommandReply.Done()));
  }

  @Override
  public ReadPermission readPermission() {
    return log.readPermission();
  }

  @Override
  public ReplicaStatus status() {
    return log.status();
  }

  @Override
  public CompletionStage<LogPosition> checkpoint() {
    return log.checkpoint();
  }

  @Override
  public CompletionStage<Void> transferLeadership(ReplicaId target) {
    return log.transferLeadership(target);
  }

  @Override
  public CompletionStage<Void> changeMembership(Membership wanted) {
    return log.changeMembership(wanted);
  }

  @Override
  public void close() {
    log.close();
  }
}
