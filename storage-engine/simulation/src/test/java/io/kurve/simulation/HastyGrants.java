package io.kurve.simulation;

import io.kurve.core.id.CopysetKey;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.id.VolumeId;
import io.kurve.core.log.Membership;
import io.kurve.core.metadata.ChunkserverCommands;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** Answers a grant as soon as it is proposed, if it is not refused at once. */
final class HastyGrants implements ChunkserverCommands {
  private final ChunkserverCommands behind;

  HastyGrants(ChunkserverCommands behind) {
    this.behind = behind;
  }

  @Override
  public CompletionStage<Void> grant(
      ReplicaId target, Authority authority, CopysetKey copyset, Grant grant) {
    CompletionStage<Void> granted = behind.grant(target, authority, copyset, grant);
    return granted.toCompletableFuture().isCompletedExceptionally()
        ? granted
        : CompletableFuture.completedStage(null);
  }

  @Override
  public CompletionStage<Void> createCopyset(
      ReplicaId target, Authority authority, CopysetKey copyset, Membership membership) {
    return behind.createCopyset(target, authority, copyset, membership);
  }

  @Override
  public CompletionStage<Void> purgeVolume(
      ReplicaId target,
      Authority authority,
      CopysetKey copyset,
      VolumeId volume,
      long deletingTransaction) {
    return behind.purgeVolume(target, authority, copyset, volume, deletingTransaction);
  }

  @Override
  public CompletionStage<Void> changeMembership(
      ReplicaId target, Authority authority, CopysetKey copyset, Membership wanted) {
    return behind.changeMembership(target, authority, copyset, wanted);
  }

  @Override
  public CompletionStage<Void> purgeReplica(
      ReplicaId target, Authority authority, CopysetKey copyset, long removingTransaction) {
    return behind.purgeReplica(target, authority, copyset, removingTransaction);
  }

  @Override
  public CompletionStage<List<Long>> chunksOf(
      ReplicaId target, CopysetKey copyset, VolumeId volume) {
    return behind.chunksOf(target, copyset, volume);
  }
}
