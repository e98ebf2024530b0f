package io.kurve.core.data;

import io.kurve.core.id.CopysetKey;
import java.util.concurrent.CompletionStage;

/**
 * One replica as its peers see it. Stages end exceptionally with a {@link
 * io.kurve.core.failure.KurveException}; received checksums have been compared with received bytes.
 */
public interface ReplicaService {
  CompletionStage<ReplicaMessages.RepairBlocks> readForRepair(
      CopysetKey copyset, ReplicaMessages.ReadForRepair request);

  CompletionStage<ReplicaMessages.CheckpointManifest> checkpoint(CopysetKey copyset);

  CompletionStage<ReplicaMessages.ChunkSums> chunkSums(
      CopysetKey copyset, ReplicaMessages.ChunkSumsQuery query);

  CompletionStage<ReplicaMessages.BlockDigests> blockDigests(
      CopysetKey copyset, ReplicaMessages.BlockDigestsQuery query);

  CompletionStage<ReplicaMessages.FetchedBlocks> fetchBlocks(
      CopysetKey copyset, ReplicaMessages.FetchBlocks request);
}
