package io.kurve.protocol.control;

import io.kurve.core.id.AttachmentId;
import io.kurve.core.id.CopysetId;
import io.kurve.core.id.VolumeId;
import io.kurve.core.metadata.CopysetPlacement;
import io.kurve.core.metadata.MetadataService;
import io.kurve.core.metadata.SegmentMapping;
import io.kurve.core.metadata.TakeOver;
import io.kurve.core.metadata.Volume;
import io.kurve.protocol.convert.Ids;
import io.kurve.protocol.convert.PlaceMessages;
import io.kurve.protocol.convert.VolumeMessages;
import io.kurve.protocol.v1.CloseRequest;
import io.kurve.protocol.v1.MetadataGrpc;
import io.kurve.protocol.v1.PlacementsRequest;
import io.kurve.protocol.v1.RenewRequest;
import io.kurve.protocol.v1.SegmentRequest;
import io.kurve.protocol.v1.VolumeRef;
import java.util.List;
import java.util.concurrent.CompletionStage;

record RemoteMetadata(Caller mds) implements MetadataService {
  @Override
  public CompletionStage<Opened> open(
      String volumeName, String host, String requestId, AccessMode mode, TakeOver takeOver) {
    return mds.call(
            MetadataGrpc.getOpenMethod(),
            VolumeMessages.takeOver(takeOver)
                .setVolumeName(volumeName)
                .setHost(host)
                .setRequestId(requestId)
                .setMode(VolumeMessages.mode(mode))
                .build())
        .thenApply(VolumeMessages::opened);
  }

  @Override
  public CompletionStage<List<AttachmentId>> renew(String host, List<AttachmentId> attachments) {
    return mds.call(
            MetadataGrpc.getRenewMethod(),
            RenewRequest.newBuilder()
                .setHost(host)
                .addAllAttachmentIds(attachments.stream().map(AttachmentId::value).toList())
                .build())
        .thenApply(fenced ->
            Ids.checked(() -> fenced.getIdsList().stream().map(AttachmentId::new).toList()));
  }

  @Override
  public CompletionStage<Void> close(String host, AttachmentId attachment) {
    return mds.call(
            MetadataGrpc.getCloseMethod(),
            CloseRequest.newBuilder().setHost(host).setAttachmentId(attachment.value()).build())
        .thenAccept(nothing -> {});
  }

  @Override
  public CompletionStage<SegmentMapping> segment(
      VolumeId volume, AttachmentId attachment, long segmentIndex, boolean allocate) {
    return mds.call(
            MetadataGrpc.getSegmentMethod(),
            SegmentRequest.newBuilder()
                .setVolumeId(volume.value())
                .setAttachmentId(attachment.value())
                .setSegmentIndex(segmentIndex)
                .setAllocate(allocate)
                .build())
        .thenApply(VolumeMessages::segment);
  }

  @Override
  public CompletionStage<List<CopysetPlacement>> placements(List<CopysetId> copysets) {
    return mds.call(
            MetadataGrpc.getPlacementsMethod(),
            PlacementsRequest.newBuilder()
                .addAllCopysetIds(copysets.stream().map(CopysetId::value).toList())
                .build())
        .thenApply(PlaceMessages::placements);
  }

  @Override
  public CompletionStage<Volume> volume(VolumeId volume) {
    return mds.call(
            MetadataGrpc.getVolumeMethod(), VolumeRef.newBuilder().setId(volume.value()).build())
        .thenApply(VolumeMessages::volume);
  }
}
