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
import io.kurve.core.log.ReplicaStatus;
import io.kurve.core.log.ReplicatedLog;
import io.kurve.core.metadata.ChunkserverCommands;
import java.util.List;
import java.util.Map;
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
  private final MemberChanges members = new MemberChanges();

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
    Optional<KurveException> refusal = refusalOfMembers(target, authority);
    boolean joins = membership.voters().isEmpty() && membership.learners().contains(self);
    if (refusal.isEmpty() && !joins && !membership.voters().contains(self)) {
      refusal =
          Optional.of(
              new KurveException(
                  ErrorCode.INVALID_ARGUMENT,
                  self + " is not among " + membership,
                  "look up who the members are"));
    }
    if (refusal.isPresent()) {
      return CompletableFuture.failedStage(refusal.get());
    }
    if (joins) {
      refusal = members.joins(copyset, authority.metastoreRevision());
      if (refusal.isPresent()) {
        return CompletableFuture.failedStage(refusal.get());
      }
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
  public CompletionStage<Void> changeMembership(
      ReplicaId target, Authority authority, CopysetKey copyset, Membership wanted) {
    Optional<KurveException> refusal = refusalOfMembers(target, authority);
    if (refusal.isPresent()) {
      return CompletableFuture.failedStage(refusal.get());
    }
    Optional<CopysetReplica> replica = copysets.find(copyset);
    if (replica.isEmpty()) {
      return CompletableFuture.failedStage(notHere(target, copyset));
    }
    if (replica.get().machine().leadingTerm().isEmpty()) {
      return CompletableFuture.failedStage(
          notLeader(copyset, replica.get().log().status().leader(), "another replica leads"));
    }
    if (!wanted.voters().contains(self)) {
      Optional<ReplicaId> next = handOver(replica.get(), wanted);
      return CompletableFuture.failedStage(
          notLeader(copyset, next, "it is to leave, and hands over first"));
    }
    ReplicatedLog<CommandReply> log = replica.get().log();
    return members.change(
        copyset,
        authority.metastoreRevision(),
        () ->
            log.changeMembership(wanted)
                // It may hold already, for one that was deposed: an entry of its own shows the
                // rest.
                .thenCompose(_ -> commit(target, authority, copyset, new Command.Barrier())));
  }

  /** To the one that lacks the least of those that stay. */
  private static Optional<ReplicaId> handOver(CopysetReplica replica, Membership wanted) {
    ReplicaStatus status = replica.log().status();
    Optional<ReplicaId> next =
        status.followers().entrySet().stream()
            .filter(follower -> status.membership().voters().contains(follower.getKey()))
            .filter(follower -> wanted.voters().contains(follower.getKey()))
            .max(Map.Entry.comparingByValue())
            .map(Map.Entry::getKey);
    next.ifPresent(stays -> {
      var unused = replica.log().transferLeadership(stays);
    });
    return next;
  }

  @Override
  public CompletionStage<Void> purgeReplica(
      ReplicaId target, Authority authority, CopysetKey copyset, long removingTransaction) {
    Optional<KurveException> refusal = refusalOfMembers(target, authority);
    if (refusal.isEmpty()) {
      refusal = members.removes(copyset, removingTransaction);
    }
    if (refusal.isEmpty()) {
      refusal = copysets.purge(copyset);
    }
    return refusal.isEmpty()
        ? CompletableFuture.completedStage(null)
        : CompletableFuture.failedStage(refusal.get());
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

  /** Of a command that makes, changes or removes a replica. */
  private Optional<KurveException> refusalOfMembers(ReplicaId target, Authority authority) {
    Optional<KurveException> refusal = refusal(target, authority);
    if (refusal.isEmpty() && seen.isFromBefore(authority)) {
      refusal =
          Optional.of(
              new KurveException(
                  ErrorCode.UNAVAILABLE,
                  self + " has started since this was ordered",
                  "order it again"));
    }
    return refusal;
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
              ErrorCode.UNAVAILABLE, self + " is not confirmed", "see `kurve cluster status`"));
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
