package io.kurve.simulation;

import io.kurve.core.data.DataRequest;
import io.kurve.core.id.AttachmentId;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.id.RequestId;
import io.kurve.core.id.VolumeId;
import io.kurve.core.log.Membership;
import io.kurve.core.metadata.ChunkserverCommands;
import io.kurve.protocol.data.DataHandler;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletionStage;

/** Lets requests of fenced attachments pass as such of the newest one that was granted. */
final class CredulousDoor {
  private static final long FAR_AHEAD = 500_000;

  private final Map<VolumeId, AttachmentId> newest = new TreeMap<>();

  DataHandler data(DataHandler behind) {
    return (request, responder) -> {
      AttachmentId admitted = newest.get(request.address().volume());
      DataRequest.Context context = request.context();
      if (admitted == null || context.id().attachment().compareTo(admitted) >= 0) {
        behind.handle(request, responder);
        return;
      }
      RequestId id =
          new RequestId(admitted, context.id().number() + FAR_AHEAD, context.id().part());
      behind.handle(
          new DataRequest(
              new DataRequest.Context(
                  context.cluster(),
                  context.target(),
                  context.copyset(),
                  id,
                  1,
                  context.volumeSequence(),
                  context.remaining()),
              request.address(),
              request.operation()),
          responder);
    };
  }

  ChunkserverCommands commands(ChunkserverCommands behind) {
    return new ChunkserverCommands() {
      @Override
      public CompletionStage<Void> createCopyset(
          ReplicaId target, Authority authority, CopysetKey copyset, Membership membership) {
        return behind.createCopyset(target, authority, copyset, membership);
      }

      @Override
      public CompletionStage<Void> grant(
          ReplicaId target, Authority authority, CopysetKey copyset, Grant grant) {
        grant.admitted().stream()
            .max(Comparator.naturalOrder())
            .ifPresent(admitted -> newest.put(grant.volume(), admitted));
        return behind.grant(target, authority, copyset, grant);
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
    };
  }
}
