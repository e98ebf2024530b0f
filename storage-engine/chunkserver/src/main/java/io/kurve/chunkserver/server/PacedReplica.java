package io.kurve.chunkserver.server;

import io.kurve.core.data.ReplicaMessages;
import io.kurve.core.data.ReplicaService;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.unit.Geometry;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;

/** Another replica, from which blocks for an install are fetched at a limited pace. */
record PacedReplica(ReplicaService replica, InstallPace pace) implements ReplicaService {
  @Override
  public CompletionStage<ReplicaMessages.RepairBlocks> readForRepair(
      CopysetKey copyset, ReplicaMessages.ReadForRepair request) {
    return replica.readForRepair(copyset, request);
  }

  @Override
  public CompletionStage<ReplicaMessages.CheckpointManifest> checkpoint(CopysetKey copyset) {
    return replica.checkpoint(copyset);
  }

  @Override
  public CompletionStage<ReplicaMessages.ChunkSums> chunkSums(
      CopysetKey copyset, ReplicaMessages.ChunkSumsQuery query) {
    return replica.chunkSums(copyset, query);
  }

  @Override
  public CompletionStage<ReplicaMessages.BlockDigests> blockDigests(
      CopysetKey copyset, ReplicaMessages.BlockDigestsQuery query) {
    return replica.blockDigests(copyset, query);
  }

  @Override
  public CompletionStage<ReplicaMessages.FetchedBlocks> fetchBlocks(
      CopysetKey copyset, ReplicaMessages.FetchBlocks request) {
    Duration wait = pace.take((long) request.blocks().length * Geometry.BLOCK_BYTES);
    return wait.isZero()
        ? replica.fetchBlocks(copyset, request)
        : CompletableFuture.supplyAsync(
                () -> replica.fetchBlocks(copyset, request),
                CompletableFuture.delayedExecutor(wait.toNanos(), TimeUnit.NANOSECONDS))
            .thenCompose(answer -> answer);
  }
}
