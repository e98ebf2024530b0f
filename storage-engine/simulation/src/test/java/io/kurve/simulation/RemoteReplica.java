package io.kurve.simulation;

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
import io.kurve.testkit.world.Fiber;
import io.kurve.testkit.world.SimNetwork;
import io.kurve.testkit.world.SimProcess;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;

/** Another chunkserver's replicas, over the network; a fiber that asks waits for the answer. */
record RemoteReplica(SimCluster cluster, SimProcess from, SimChunkserver to)
    implements ReplicaService {
  @Override
  public CompletionStage<RepairBlocks> readForRepair(CopysetKey copyset, ReadForRepair request) {
    return ask("read for repair", door -> door.readForRepair(copyset, request));
  }

  @Override
  public CompletionStage<CheckpointManifest> checkpoint(CopysetKey copyset) {
    return ask("checkpoint", door -> door.checkpoint(copyset));
  }

  @Override
  public CompletionStage<ChunkSums> chunkSums(CopysetKey copyset, ChunkSumsQuery query) {
    return ask("chunk sums", door -> door.chunkSums(copyset, query));
  }

  @Override
  public CompletionStage<BlockDigests> blockDigests(CopysetKey copyset, BlockDigestsQuery query) {
    return ask("block digests", door -> door.blockDigests(copyset, query));
  }

  @Override
  public CompletionStage<FetchedBlocks> fetchBlocks(CopysetKey copyset, FetchBlocks request) {
    return ask("fetch blocks", door -> door.fetchBlocks(copyset, request));
  }

  private <T> CompletionStage<T> ask(
      String what, Function<ReplicaService, CompletionStage<T>> call) {
    return Fiber.awaited(
        cluster
            .network()
            .ask(
                from,
                to.process(),
                SimNetwork.Kind.ONCE,
                what,
                () -> call.apply(to.running().orElseThrow(SimCluster::notRunning).door())));
  }
}
