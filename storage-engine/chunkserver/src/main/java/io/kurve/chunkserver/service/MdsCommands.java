package io.kurve.chunkserver.service;

import io.kurve.chunkserver.copyset.Command;
import io.kurve.chunkserver.copyset.Command.PurgeVolume;
import io.kurve.chunkserver.copyset.Command.SetGrant;
import io.kurve.chunkserver.copyset.CommandCodec;
import io.kurve.chunkserver.copyset.CommandReply;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.ChunkId;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.id.VolumeId;
import io.kurve.core.log.Membership;
import io.kurve.core.log.Proposal;
import io.kurve.core.log.ReadPermission;
import io.kurve.core.metadata.ChunkserverCommands;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.BooleanSupplier;

/** Does what the MDS says, if it says it in the highest term that this store has seen. */
public final class MdsCommands implements ChunkserverCommands {
  private final ReplicaId self;
  private final Copysets copysets;
  private final SeenNumbers seen;
  private final BooleanSupplier confirmed;

  public MdsCommands(
      ReplicaId self, Copysets copysets, SeenNumbers seen, BooleanSupplier confirmed) {
    this.self = self;
    this.copysets = copysets;
    this.seen = seen;
    this.confirmed = confirmed;
  }

  @Override
  public CompletionStage<Void> createCopyset(
      ReplicaId target, Authority authority, CopysetKey copyset, Membership membership) {
    Optional<KurveException> refusal = refusal(target, authority);
    if (refusal.isEmpty() && !membership.voters().contains(self)) {
      refusal =
          Optional.of(
              new KurveException(
                  ErrorCode.INVALID_ARGUMENT,
                  self + " is not among " + membership.voters(),
                  "look up who the members are"));
    }
    if (refusal.isPresent()) {
      return CompletableFuture.failedStage(refusal.get());
    }
    var unused = copysets.open(copyset, membership);
    return CompletableFuture.completedStage(null);
  }

  @Override
  public CompletionStage<Void> grant(
      ReplicaId target, Authority authority, CopysetKey copyset, Grant grant) {
    grant.admitted().forEach(seen::sawAttachment);
    return commit(
        target,
        authority,
        copyset,
        new SetGrant(authority.term(), authority.metastoreRevision(), grant));
  }

  @Override
  public CompletionStage<Void> purgeVolume(
      ReplicaId target,
      Authority authority,
      CopysetKey copyset,
      VolumeId volume,
      long deletingTransaction) {
    return commit(
        target, authority, copyset, new PurgeVolume(authority.term(), volume, deletingTransaction));
  }

  @Override
  public CompletionStage<List<Long>> chunksOf(
      ReplicaId target, CopysetKey copyset, VolumeId volume) {
    Optional<CopysetReplica> replica = copysets.find(copyset);
    if (!target.equals(self) || replica.isEmpty()) {
      return CompletableFuture.failedStage(notHere(target, copyset));
    }
    CompletableFuture<List<Long>> answer = new CompletableFuture<>();
    replica
        .get()
        .proof()
        .ask(permission -> {
          switch (permission) {
            case ReadPermission.Refused refused ->
                answer.completeExceptionally(notLeader(copyset, refused.leader(), refused.why()));
            case ReadPermission.Granted _ ->
                answer.complete(
                    replica.get().machine().chunksOf(volume).stream().map(ChunkId::value).toList());
          }
        });
    return answer;
  }

  private CompletionStage<Void> commit(
      ReplicaId target, Authority authority, CopysetKey copyset, Command command) {
    Optional<KurveException> refusal = refusal(target, authority);
    if (refusal.isPresent()) {
      return CompletableFuture.failedStage(refusal.get());
    }
    Optional<CopysetReplica> replica = copysets.find(copyset);
    if (replica.isEmpty()) {
      return CompletableFuture.failedStage(notHere(target, copyset));
    }
    OptionalLong term = replica.get().machine().leadingTerm();
    if (term.isEmpty()) {
      return CompletableFuture.failedStage(
          notLeader(copyset, replica.get().log().status().leader(), "another replica leads"));
    }
    CompletableFuture<Void> answer = new CompletableFuture<>();
    replica
        .get()
        .log()
        .propose(
            CommandCodec.encode(command), term.getAsLong(), end -> ended(copyset, end, answer));
    return answer;
  }

  private static void ended(
      CopysetKey copyset, Proposal<CommandReply> end, CompletableFuture<Void> answer) {
    switch (end) {
      case Proposal.Applied<CommandReply> applied -> {
        if (applied.reply() instanceof CommandReply.Done) {
          answer.complete(null);
        } else {
          answer.completeExceptionally(
              new KurveException(
                  ErrorCode.REFUSED,
                  copyset + " refuses the command: " + applied.reply(),
                  "look the volume up: it was decided anew meanwhile"));
        }
      }
      case Proposal.Rejected<CommandReply> rejected ->
          answer.completeExceptionally(
              switch (rejected.reason()) {
                case NOT_LEADER -> notLeader(copyset, rejected.leader(), rejected.why());
                case OVERLOAD ->
                    new KurveException(
                        ErrorCode.OVERLOAD, copyset + ": " + rejected.why(), "try again later");
              });
      case Proposal.Unknown<CommandReply> unknown ->
          answer.completeExceptionally(
              new KurveException(
                  ErrorCode.UNKNOWN_OUTCOME, copyset + ": " + unknown.why(), "send it again"));
    }
  }

  private Optional<KurveException> refusal(ReplicaId target, Authority authority) {
    if (!target.equals(self)) {
      return Optional.of(
          new KurveException(
              ErrorCode.REFUSED, "this is " + self + ", not " + target, "look its address up"));
    }
    if (!seen.accept(authority)) {
      return Optional.of(
          new KurveException(
              ErrorCode.REFUSED,
              authority.term() + " is over: " + self + " has seen " + seen.seen().term(),
              "this MDS was deposed: it should resign"));
    }
    if (!confirmed.getAsBoolean()) {
      return Optional.of(
          new KurveException(
              ErrorCode.UNAVAILABLE, self + " is not confirmed", "see kurve cluster status"));
    }
    return Optional.empty();
  }

  private static KurveException notHere(ReplicaId target, CopysetKey copyset) {
    return new KurveException(
        ErrorCode.NOT_FOUND, target + " has no replica of " + copyset, "create it first");
  }

  private static KurveException notLeader(
      CopysetKey copyset, Optional<ReplicaId> leader, String why) {
    return new KurveException(
        ErrorCode.NOT_LEADER,
        copyset + " is not led here: " + why,
        leader.map(known -> "ask " + known).orElse("ask another member"));
  }
}
