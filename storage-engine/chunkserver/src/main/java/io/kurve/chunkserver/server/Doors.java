package io.kurve.chunkserver.server;

import io.kurve.core.data.DataReply;
import io.kurve.core.data.DataRequest;
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
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.id.VolumeId;
import io.kurve.core.log.Membership;
import io.kurve.core.metadata.ChunkserverCommands;
import io.kurve.protocol.data.DataHandler;
import io.kurve.protocol.data.DataResponder;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What the servers call from the start on. The addresses must be known before the store can
 * register, and what serves them only exists afterwards; until then every answer is "not yet".
 */
final class Doors implements DataHandler, ReplicaService, ChunkserverCommands {
  record Services(DataHandler data, ReplicaService replicas, ChunkserverCommands commands) {}

  private final AtomicReference<@Nullable Services> services = new AtomicReference<>();

  void open(Services running) {
    services.set(running);
  }

  void close() {
    services.set(null);
  }

  @Override
  public void handle(DataRequest request, DataResponder responder) {
    Services open = services.get();
    if (open == null) {
      responder.reply(
          new DataReply.Failed(
              ErrorCode.UNAVAILABLE, Optional.empty(), "the chunkserver is not registered"));
    } else {
      open.data().handle(request, responder);
    }
  }

  private <T> CompletionStage<T> call(Function<Services, CompletionStage<T>> work) {
    Services open = services.get();
    return open == null
        ? CompletableFuture.failedStage(
            new KurveException(
                ErrorCode.UNAVAILABLE, "the chunkserver is not registered", "try again later"))
        : work.apply(open);
  }

  @Override
  public CompletionStage<RepairBlocks> readForRepair(CopysetKey copyset, ReadForRepair request) {
    return call(open -> open.replicas().readForRepair(copyset, request));
  }

  @Override
  public CompletionStage<CheckpointManifest> checkpoint(CopysetKey copyset) {
    return call(open -> open.replicas().checkpoint(copyset));
  }

  @Override
  public CompletionStage<ChunkSums> chunkSums(CopysetKey copyset, ChunkSumsQuery query) {
    return call(open -> open.replicas().chunkSums(copyset, query));
  }

  @Override
  public CompletionStage<BlockDigests> blockDigests(CopysetKey copyset, BlockDigestsQuery query) {
    return call(open -> open.replicas().blockDigests(copyset, query));
  }

  @Override
  public CompletionStage<FetchedBlocks> fetchBlocks(CopysetKey copyset, FetchBlocks request) {
    return call(open -> open.replicas().fetchBlocks(copyset, request));
  }

  @Override
  public CompletionStage<Void> createCopyset(
      ReplicaId target, Authority authority, CopysetKey copyset, Membership membership) {
    return call(open -> open.commands().createCopyset(target, authority, copyset, membership));
  }

  @Override
  public CompletionStage<Void> grant(
      ReplicaId target, Authority authority, CopysetKey copyset, Grant grant) {
    return call(open -> open.commands().grant(target, authority, copyset, grant));
  }

  @Override
  public CompletionStage<Void> purgeVolume(
      ReplicaId target,
      Authority authority,
      CopysetKey copyset,
      VolumeId volume,
      long deletingTransaction) {
    return call(open ->
        open.commands().purgeVolume(target, authority, copyset, volume, deletingTransaction));
  }

  @Override
  public CompletionStage<Void> changeMembership(
      ReplicaId target, Authority authority, CopysetKey copyset, Membership wanted) {
    return call(open -> open.commands().changeMembership(target, authority, copyset, wanted));
  }

  @Override
  public CompletionStage<Void> purgeReplica(
      ReplicaId target, Authority authority, CopysetKey copyset, long removingTransaction) {
    return call(
        open -> open.commands().purgeReplica(target, authority, copyset, removingTransaction));
  }

  @Override
  public CompletionStage<List<Long>> chunksOf(
      ReplicaId target, CopysetKey copyset, VolumeId volume) {
    return call(open -> open.commands().chunksOf(target, copyset, volume));
  }
}
