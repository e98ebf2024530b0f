package io.kurve.chunkserver.service;

import io.kurve.chunkserver.copyset.CommandReply;
import io.kurve.core.data.DataReply;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.log.Proposal;
import java.util.Locale;
import java.util.Optional;

/** From the words of the log and of the state machine to those of the data plane. */
final class Replies {
  static final String DONE = "done";

  private Replies() {}

  static DataReply of(Proposal<CommandReply> end) {
    return switch (end) {
      case Proposal.Applied<CommandReply> applied -> of(applied.reply());
      case Proposal.Rejected<CommandReply> rejected ->
          switch (rejected.reason()) {
            case NOT_LEADER ->
                new DataReply.Failed(ErrorCode.NOT_LEADER, rejected.leader(), rejected.why());
            case OVERLOAD -> failed(ErrorCode.OVERLOAD, rejected.why());
          };
      case Proposal.Unknown<CommandReply> unknown ->
          failed(ErrorCode.UNKNOWN_OUTCOME, unknown.why());
    };
  }

  static DataReply of(CommandReply reply) {
    return switch (reply) {
      case CommandReply.Done done -> new DataReply.Done();
      case CommandReply.Fenced fenced -> failed(ErrorCode.FENCED, fenced.why());
      case CommandReply.AlreadyAnswered late ->
          failed(ErrorCode.REFUSED, "a late duplicate of a request that was answered");
      case CommandReply.WindowFull full ->
          failed(ErrorCode.OVERLOAD, "too many requests above the mark of answered ones");
      case CommandReply.DamagedPayload damaged ->
          failed(
              ErrorCode.UNAVAILABLE,
              "block " + damaged.block() + " was damaged on its way: to be sent again");
      case CommandReply.Refused refused -> failed(ErrorCode.REFUSED, refused.why());
      case CommandReply.NotServing installing ->
          failed(ErrorCode.UNAVAILABLE, "the replica is being installed");
      case CommandReply.StaleTerm stale -> failed(ErrorCode.REFUSED, "MDS " + stale.highest());
      case CommandReply.StaleGrant stale ->
          failed(ErrorCode.REFUSED, "grant " + stale.appliedRevision() + " is applied");
    };
  }

  static DataReply failed(ErrorCode code, String why) {
    return new DataReply.Failed(code, Optional.empty(), why);
  }

  static DataReply notLeader(Optional<ReplicaId> leader, String why) {
    return new DataReply.Failed(ErrorCode.NOT_LEADER, leader, why);
  }

  /** For metrics. */
  static String outcome(DataReply reply) {
    return switch (reply) {
      case DataReply.Done done -> DONE;
      case DataReply.Data data -> DONE;
      case DataReply.Mismatch mismatch -> "mismatch";
      case DataReply.Failed failed -> failed.code().name().toLowerCase(Locale.ROOT);
    };
  }
}
