package io.kurve.mds;

import io.kurve.core.id.CopysetKey;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.id.VolumeId;
import io.kurve.core.log.Membership;
import io.kurve.core.metadata.ChunkserverCommands;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;

/** One MDS process's way to the chunkservers; what a killed process sends never arrives. */
final class CutCommands implements ChunkserverCommands {
  boolean cut;
  private final ChunkserverCommands chunkservers;

  CutCommands(ChunkserverCommands chunkservers) {
    this.chunkservers = chunkservers;
  }

  @Override
  public CompletionStage<Void> createCopyset(
      ReplicaId target, Authority authority, CopysetKey copyset, Membership membership) {
    return unlessCut(() -> chunkservers.createCopyset(target, authority, copyset, membership));
  }

  @Override
  public CompletionStage<Void> grant(
      ReplicaId target, Authority authority, CopysetKey copyset, Grant grant) {
    return unlessCut(() -> chunkservers.grant(target, authority, copyset, grant));
  }

  @Override
  public CompletionStage<Void> purgeVolume(
      ReplicaId target,
      Authority authority,
      CopysetKey copyset,
      VolumeId volume,
      long deletingTransaction) {
    return unlessCut(
        () -> chunkservers.purgeVolume(target, authority, copyset, volume, deletingTransaction));
  }

  @Override
  public CompletionStage<Void> changeMembership(
      ReplicaId target, Authority authority, CopysetKey copyset, Membership wanted) {
    return unlessCut(() -> chunkservers.changeMembership(target, authority, copyset, wanted));
  }

  @Override
  public CompletionStage<Void> purgeReplica(
      ReplicaId target, Authority authority, CopysetKey copyset, long removingTransaction) {
    return unlessCut(
        () -> chunkservers.purgeReplica(target, authority, copyset, removingTransaction));
  }

  @Override
  public CompletionStage<List<Long>> chunksOf(
      ReplicaId target, CopysetKey copyset, VolumeId volume) {
    return unlessCut(() -> chunkservers.chunksOf(target, copyset, volume));
  }

  private <T> CompletionStage<T> unlessCut(Supplier<CompletionStage<T>> send) {
    return cut ? new CompletableFuture<>() : send.get();
  }
}
