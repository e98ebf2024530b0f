package io.kurve.protocol.control;

import io.grpc.BindableService;
import io.grpc.stub.StreamObserver;
import io.kurve.core.id.VolumeId;
import io.kurve.core.metadata.ChunkserverCommands;
import io.kurve.protocol.convert.ChunkserverMessages;
import io.kurve.protocol.convert.Ids;
import io.kurve.protocol.convert.PlaceMessages;
import io.kurve.protocol.v1.ChunkIds;
import io.kurve.protocol.v1.ChunksOfRequest;
import io.kurve.protocol.v1.ChunkserverCommandsGrpc;
import io.kurve.protocol.v1.CreateCopysetRequest;
import io.kurve.protocol.v1.GrantRequest;
import io.kurve.protocol.v1.Nothing;
import io.kurve.protocol.v1.PurgeReplicaRequest;
import io.kurve.protocol.v1.PurgeVolumeRequest;

/** What a chunkserver offers to the MDS. */
public record ChunkserverServices(ChunkserverCommands commands) implements ControlServices {
  @Override
  public String name() {
    return "chunkserver";
  }

  BindableService bindable() {
    return new Commands(commands);
  }

  private static final class Commands extends ChunkserverCommandsGrpc.ChunkserverCommandsImplBase {
    private final ChunkserverCommands service;

    Commands(ChunkserverCommands service) {
      this.service = service;
    }

    @Override
    public void createCopyset(CreateCopysetRequest request, StreamObserver<Nothing> out) {
      Answers.done(
          out,
          () ->
              service.createCopyset(
                  PlaceMessages.replica(request.getTarget()),
                  ChunkserverMessages.authority(request.getAuthority()),
                  PlaceMessages.copyset(request.getCopyset()),
                  PlaceMessages.members(request.getMembership())));
    }

    @Override
    public void grant(GrantRequest request, StreamObserver<Nothing> out) {
      Answers.done(
          out,
          () ->
              service.grant(
                  PlaceMessages.replica(request.getTarget()),
                  ChunkserverMessages.authority(request.getAuthority()),
                  PlaceMessages.copyset(request.getCopyset()),
                  ChunkserverMessages.grant(request)));
    }

    @Override
    public void purgeVolume(PurgeVolumeRequest request, StreamObserver<Nothing> out) {
      Answers.done(
          out,
          () ->
              service.purgeVolume(
                  PlaceMessages.replica(request.getTarget()),
                  ChunkserverMessages.authority(request.getAuthority()),
                  PlaceMessages.copyset(request.getCopyset()),
                  Ids.checked(() -> new VolumeId(request.getVolumeId())),
                  request.getDeletingTransaction()));
    }

    @Override
    public void changeMembership(CreateCopysetRequest request, StreamObserver<Nothing> out) {
      Answers.done(
          out,
          () ->
              service.changeMembership(
                  PlaceMessages.replica(request.getTarget()),
                  ChunkserverMessages.authority(request.getAuthority()),
                  PlaceMessages.copyset(request.getCopyset()),
                  PlaceMessages.members(request.getMembership())));
    }

    @Override
    public void purgeReplica(PurgeReplicaRequest request, StreamObserver<Nothing> out) {
      Answers.done(
          out,
          () ->
              service.purgeReplica(
                  PlaceMessages.replica(request.getTarget()),
                  ChunkserverMessages.authority(request.getAuthority()),
                  PlaceMessages.copyset(request.getCopyset()),
                  request.getRemovingTransaction()));
    }

    @Override
    public void chunksOf(ChunksOfRequest request, StreamObserver<ChunkIds> out) {
      Answers.answer(
          out,
          () ->
              service.chunksOf(
                  PlaceMessages.replica(request.getTarget()),
                  PlaceMessages.copyset(request.getCopyset()),
                  Ids.checked(() -> new VolumeId(request.getVolumeId()))),
          ids -> ChunkIds.newBuilder().addAllIds(ids).build());
    }
  }
}
