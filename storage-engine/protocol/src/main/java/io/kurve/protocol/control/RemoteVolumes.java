package io.kurve.protocol.control;

import io.kurve.core.id.AttachmentId;
import io.kurve.core.id.ChunkserverId;
import io.kurve.core.id.VolumeId;
import io.kurve.core.metadata.Volume;
import io.kurve.core.metadata.VolumeAdmin;
import io.kurve.core.metadata.VolumePolicy;
import io.kurve.protocol.convert.PolicyMessages;
import io.kurve.protocol.convert.VolumeMessages;
import io.kurve.protocol.v1.AttachmentRef;
import io.kurve.protocol.v1.DrainRequest;
import io.kurve.protocol.v1.Nothing;
import io.kurve.protocol.v1.ResizeVolumeRequest;
import io.kurve.protocol.v1.UndeleteVolumeRequest;
import io.kurve.protocol.v1.VolumeAdminGrpc;
import io.kurve.protocol.v1.VolumeName;
import io.kurve.protocol.v1.VolumeRef;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;

record RemoteVolumes(Caller mds) implements VolumeAdmin {
  @Override
  public CompletionStage<Volume> create(String requestId, NewVolume volume) {
    return mds.call(VolumeAdminGrpc.getCreateMethod(), VolumeMessages.create(requestId, volume))
        .thenApply(VolumeMessages::volume);
  }

  @Override
  public CompletionStage<List<VolumeUse>> list() {
    return mds.call(VolumeAdminGrpc.getListMethod(), Nothing.getDefaultInstance())
        .thenApply(list -> list.getVolumesList().stream().map(VolumeMessages::use).toList());
  }

  @Override
  public CompletionStage<VolumeUse> info(String name) {
    return mds.call(VolumeAdminGrpc.getInfoMethod(), named(name)).thenApply(VolumeMessages::use);
  }

  @Override
  public CompletionStage<Volume> resize(String name, long sizeBytes) {
    return mds.call(
            VolumeAdminGrpc.getResizeMethod(),
            ResizeVolumeRequest.newBuilder().setName(name).setSizeBytes(sizeBytes).build())
        .thenApply(VolumeMessages::volume);
  }

  @Override
  public CompletionStage<Void> delete(VolumeId volume, Optional<Duration> retention) {
    return mds.call(VolumeAdminGrpc.getDeleteMethod(), PolicyMessages.delete(volume, retention))
        .thenAccept(nothing -> {});
  }

  @Override
  public CompletionStage<Volume> undelete(VolumeId volume, String name) {
    return mds.call(
            VolumeAdminGrpc.getUndeleteMethod(),
            UndeleteVolumeRequest.newBuilder().setId(volume.value()).setName(name).build())
        .thenApply(VolumeMessages::volume);
  }

  @Override
  public CompletionStage<Void> purge(VolumeId volume) {
    return mds.call(
            VolumeAdminGrpc.getPurgeMethod(), VolumeRef.newBuilder().setId(volume.value()).build())
        .thenAccept(nothing -> {});
  }

  @Override
  public CompletionStage<VolumePolicy> policy() {
    return mds.call(VolumeAdminGrpc.getPolicyMethod(), Nothing.getDefaultInstance())
        .thenApply(PolicyMessages::policy);
  }

  @Override
  public CompletionStage<VolumePolicy> changePolicy(PolicyChange change) {
    return mds.call(VolumeAdminGrpc.getChangePolicyMethod(), PolicyMessages.change(change))
        .thenApply(PolicyMessages::policy);
  }

  @Override
  public CompletionStage<Void> confirmClock() {
    return mds.call(VolumeAdminGrpc.getConfirmClockMethod(), Nothing.getDefaultInstance())
        .thenAccept(nothing -> {});
  }

  @Override
  public CompletionStage<Void> drain(ChunkserverId disk, boolean drains) {
    return mds.call(
            VolumeAdminGrpc.getDrainMethod(),
            DrainRequest.newBuilder().setChunkserver(disk.value()).setDrains(drains).build())
        .thenAccept(nothing -> {});
  }

  @Override
  public CompletionStage<Void> fence(AttachmentId attachment) {
    return mds.call(
            VolumeAdminGrpc.getFenceMethod(),
            AttachmentRef.newBuilder().setId(attachment.value()).build())
        .thenAccept(nothing -> {});
  }

  private static VolumeName named(String name) {
    return VolumeName.newBuilder().setName(name).build();
  }
}
