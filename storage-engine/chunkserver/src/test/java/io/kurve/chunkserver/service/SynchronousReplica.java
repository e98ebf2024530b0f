package io.kurve.chunkserver.service;

import io.kurve.core.data.ReplicaMessages.BlockDigests;
import io.kurve.core.data.ReplicaMessages.BlockDigestsQuery;
import io.kurve.core.data.ReplicaMessages.CheckpointManifest;
import io.kurve.core.data.ReplicaMessages.ChunkSums;
import io.kurve.core.data.ReplicaMessages.ChunkSumsQuery;
import io.kurve.core.data.ReplicaMessages.FetchBlocks;
import io.kurve.core.data.ReplicaMessages.FetchedBlocks;
import io.kurve.core.data.ReplicaMessages.ReadForRepair;
import io.kurve.core.data.ReplicaMessages.RepairBlocks;
import io.kurve.core.data.ReplicaService;
import io.kurve.core.id.CopysetKey;
import java.util.concurrent.CompletionStage;

/** Another world's door, which answers before the call returns. */
record SynchronousReplica(ServiceWorld world) implements ReplicaService {
  private <T> CompletionStage<T> now(CompletionStage<T> stage) {
    world.loop.runUntilIdle();
    return stage;
  }

  @Override
  public CompletionStage<RepairBlocks> readForRepair(CopysetKey copyset, ReadForRepair request) {
    return now(world.door.readForRepair(copyset, request));
  }

  @Override
  public CompletionStage<CheckpointManifest> checkpoint(CopysetKey copyset) {
    return now(world.door.checkpoint(copyset));
  }

  @Override
  public CompletionStage<ChunkSums> chunkSums(CopysetKey copyset, ChunkSumsQuery query) {
    return now(world.door.chunkSums(copyset, query));
  }

  @Override
  public CompletionStage<BlockDigests> blockDigests(CopysetKey copyset, BlockDigestsQuery query) {
    return now(world.door.blockDigests(copyset, query));
  }

  @Override
  public CompletionStage<FetchedBlocks> fetchBlocks(CopysetKey copyset, FetchBlocks request) {
    return now(world.door.fetchBlocks(copyset, request));
  }
}
