package io.kurve.protocol.control;

import io.grpc.BindableService;
import io.grpc.stub.StreamObserver;
import io.kurve.core.id.AttachmentId;
import io.kurve.core.id.ChunkserverId;
import io.kurve.core.id.CopysetId;
import io.kurve.core.id.VolumeId;
import io.kurve.core.metadata.ChunkserverRegistry;
import io.kurve.core.metadata.ClusterInspection;
import io.kurve.core.metadata.MetadataService;
import io.kurve.core.metadata.VolumeAdmin;
import io.kurve.protocol.convert.ChunkserverMessages;
import io.kurve.protocol.convert.Ids;
import io.kurve.protocol.convert.InspectionMessages;
import io.kurve.protocol.convert.PlaceMessages;
import io.kurve.protocol.convert.PolicyMessages;
import io.kurve.protocol.convert.VolumeMessages;
import io.kurve.protocol.v1.AttachmentIds;
import io.kurve.protocol.v1.AttachmentRef;
import io.kurve.protocol.v1.ChangePolicyRequest;
import io.kurve.protocol.v1.ChunkserverRegistryGrpc;
import io.kurve.protocol.v1.CloseRequest;
import io.kurve.protocol.v1.ClusterInspectionGrpc;
import io.kurve.protocol.v1.CreateVolumeRequest;
import io.kurve.protocol.v1.DeleteVolumeRequest;
import io.kurve.protocol.v1.DiskList;
import io.kurve.protocol.v1.DrainRequest;
import io.kurve.protocol.v1.HeartbeatAnswer;
import io.kurve.protocol.v1.HeartbeatRequest;
import io.kurve.protocol.v1.LeaderReply;
import io.kurve.protocol.v1.MetadataGrpc;
import io.kurve.protocol.v1.Nothing;
import io.kurve.protocol.v1.OpenVolumeRequest;
import io.kurve.protocol.v1.OpenedVolume;
import io.kurve.protocol.v1.PlacementList;
import io.kurve.protocol.v1.PlacementsRequest;
import io.kurve.protocol.v1.PolicyRecord;
import io.kurve.protocol.v1.RegisterReply;
import io.kurve.protocol.v1.RegisterRequest;
import io.kurve.protocol.v1.RenewRequest;
import io.kurve.protocol.v1.ResizeVolumeRequest;
import io.kurve.protocol.v1.SegmentReply;
import io.kurve.protocol.v1.SegmentRequest;
import io.kurve.protocol.v1.StatusReply;
import io.kurve.protocol.v1.UndeleteVolumeRequest;
import io.kurve.protocol.v1.VolumeAdminGrpc;
import io.kurve.protocol.v1.VolumeList;
import io.kurve.protocol.v1.VolumeName;
import io.kurve.protocol.v1.VolumeRecord;
import io.kurve.protocol.v1.VolumeRef;
import io.kurve.protocol.v1.VolumeUseRecord;
import java.util.List;

/** What an MDS offers. */
public record MdsServices(
    MetadataService metadata,
    VolumeAdmin volumes,
    ChunkserverRegistry chunkservers,
    ClusterInspection inspection)
    implements ControlServices {

  @Override
  public String name() {
    return "MDS";
  }

  List<BindableService> bindable() {
    return List.of(
        new Metadata(metadata),
        new Volumes(volumes),
        new Chunkservers(chunkservers),
        new Inspection(inspection));
  }

  private static final class Metadata extends MetadataGrpc.MetadataImplBase {
    private final MetadataService service;

    Metadata(MetadataService service) {
      this.service = service;
    }

    @Override
    public void open(OpenVolumeRequest request, StreamObserver<OpenedVolume> out) {
      Answers.answer(
          out,
          () ->
              service.open(
                  request.getVolumeName(),
                  request.getHost(),
                  request.getRequestId(),
                  VolumeMessages.mode(request.getMode()),
                  VolumeMessages.takeOver(request)),
          VolumeMessages::opened);
    }

    @Override
    public void renew(RenewRequest request, StreamObserver<AttachmentIds> out) {
      Answers.answer(
          out,
          () ->
              service.renew(
                  request.getHost(),
                  Ids.checked(() ->
                      request.getAttachmentIdsList().stream().map(AttachmentId::new).toList())),
          fenced ->
              AttachmentIds.newBuilder()
                  .addAllIds(fenced.stream().map(AttachmentId::value).toList())
                  .build());
    }

    @Override
    public void close(CloseRequest request, StreamObserver<Nothing> out) {
      Answers.done(
          out,
          () ->
              service.close(
                  request.getHost(),
                  Ids.checked(() -> new AttachmentId(request.getAttachmentId()))));
    }

    @Override
    public void segment(SegmentRequest request, StreamObserver<SegmentReply> out) {
      Answers.answer(
          out,
          () ->
              service.segment(
                  Ids.checked(() -> new VolumeId(request.getVolumeId())),
                  Ids.checked(() -> new AttachmentId(request.getAttachmentId())),
                  request.getSegmentIndex(),
                  request.getAllocate()),
          VolumeMessages::segment);
    }

    @Override
    public void placements(PlacementsRequest request, StreamObserver<PlacementList> out) {
      Answers.answer(
          out,
          () ->
              service.placements(
                  Ids.checked(
                      () -> request.getCopysetIdsList().stream().map(CopysetId::new).toList())),
          PlaceMessages::placements);
    }

    @Override
    public void volume(VolumeRef request, StreamObserver<VolumeRecord> out) {
      Answers.answer(
          out,
          () -> service.volume(Ids.checked(() -> new VolumeId(request.getId()))),
          VolumeMessages::volume);
    }
  }

  private static final class Volumes extends VolumeAdminGrpc.VolumeAdminImplBase {
    private final VolumeAdmin service;

    Volumes(VolumeAdmin service) {
      this.service = service;
    }

    @Override
    public void create(CreateVolumeRequest request, StreamObserver<VolumeRecord> out) {
      Answers.answer(
          out,
          () -> service.create(request.getRequestId(), VolumeMessages.create(request)),
          VolumeMessages::volume);
    }

    @Override
    public void list(Nothing request, StreamObserver<VolumeList> out) {
      Answers.answer(
          out,
          service::list,
          uses ->
              VolumeList.newBuilder()
                  .addAllVolumes(uses.stream().map(VolumeMessages::use).toList())
                  .build());
    }

    @Override
    public void info(VolumeName request, StreamObserver<VolumeUseRecord> out) {
      Answers.answer(out, () -> service.info(request.getName()), VolumeMessages::use);
    }

    @Override
    public void resize(ResizeVolumeRequest request, StreamObserver<VolumeRecord> out) {
      Answers.answer(
          out,
          () -> service.resize(request.getName(), request.getSizeBytes()),
          VolumeMessages::volume);
    }

    @Override
    public void delete(DeleteVolumeRequest request, StreamObserver<Nothing> out) {
      Answers.done(
          out,
          () ->
              service.delete(
                  Ids.checked(() -> new VolumeId(request.getId())),
                  PolicyMessages.retention(request)));
    }

    @Override
    public void undelete(UndeleteVolumeRequest request, StreamObserver<VolumeRecord> out) {
      Answers.answer(
          out,
          () ->
              service.undelete(Ids.checked(() -> new VolumeId(request.getId())), request.getName()),
          VolumeMessages::volume);
    }

    @Override
    public void purge(VolumeRef request, StreamObserver<Nothing> out) {
      Answers.done(out, () -> service.purge(Ids.checked(() -> new VolumeId(request.getId()))));
    }

    @Override
    public void policy(Nothing request, StreamObserver<PolicyRecord> out) {
      Answers.answer(out, service::policy, PolicyMessages::policy);
    }

    @Override
    public void changePolicy(ChangePolicyRequest request, StreamObserver<PolicyRecord> out) {
      Answers.answer(
          out, () -> service.changePolicy(PolicyMessages.change(request)), PolicyMessages::policy);
    }

    @Override
    public void confirmClock(Nothing request, StreamObserver<Nothing> out) {
      Answers.done(out, service::confirmClock);
    }

    @Override
    public void drain(DrainRequest request, StreamObserver<Nothing> out) {
      Answers.done(
          out,
          () ->
              service.drain(
                  Ids.checked(() -> new ChunkserverId(request.getChunkserver())),
                  request.getDrains()));
    }

    @Override
    public void fence(AttachmentRef request, StreamObserver<Nothing> out) {
      Answers.done(out, () -> service.fence(Ids.checked(() -> new AttachmentId(request.getId()))));
    }
  }

  private static final class Chunkservers
      extends ChunkserverRegistryGrpc.ChunkserverRegistryImplBase {
    private final ChunkserverRegistry service;

    Chunkservers(ChunkserverRegistry service) {
      this.service = service;
    }

    @Override
    public void register(RegisterRequest request, StreamObserver<RegisterReply> out) {
      Answers.answer(
          out,
          () -> service.register(ChunkserverMessages.newcomer(request)),
          ChunkserverMessages::registration);
    }

    @Override
    public void heartbeat(HeartbeatRequest request, StreamObserver<HeartbeatAnswer> out) {
      Answers.answer(
          out,
          () -> service.heartbeat(ChunkserverMessages.report(request)),
          ChunkserverMessages::answer);
    }
  }

  private static final class Inspection extends ClusterInspectionGrpc.ClusterInspectionImplBase {
    private final ClusterInspection service;

    Inspection(ClusterInspection service) {
      this.service = service;
    }

    @Override
    public void status(Nothing request, StreamObserver<StatusReply> out) {
      Answers.answer(out, service::status, InspectionMessages::status);
    }

    @Override
    public void leader(Nothing request, StreamObserver<LeaderReply> out) {
      Answers.answer(out, service::leader, InspectionMessages::leader);
    }

    @Override
    public void disks(Nothing request, StreamObserver<DiskList> out) {
      Answers.answer(
          out,
          service::disks,
          disks ->
              DiskList.newBuilder()
                  .addAllDisks(disks.stream().map(InspectionMessages::disk).toList())
                  .build());
    }

    @Override
    public void copysets(Nothing request, StreamObserver<PlacementList> out) {
      Answers.answer(out, service::copysets, PlaceMessages::placements);
    }
  }
}
