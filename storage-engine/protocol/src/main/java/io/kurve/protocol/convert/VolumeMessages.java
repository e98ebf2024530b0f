package io.kurve.protocol.convert;

import static io.kurve.protocol.convert.Ids.checked;

import io.kurve.core.id.AttachmentId;
import io.kurve.core.id.ChunkId;
import io.kurve.core.id.CopysetId;
import io.kurve.core.id.VolumeId;
import io.kurve.core.metadata.Attachment;
import io.kurve.core.metadata.MetadataService.AccessMode;
import io.kurve.core.metadata.MetadataService.Opened;
import io.kurve.core.metadata.SegmentMap;
import io.kurve.core.metadata.SegmentMapping;
import io.kurve.core.metadata.TakeOver;
import io.kurve.core.metadata.Volume;
import io.kurve.core.metadata.VolumeAdmin.InBin;
import io.kurve.core.metadata.VolumeAdmin.NewVolume;
import io.kurve.core.metadata.VolumeAdmin.VolumeUse;
import io.kurve.core.metadata.VolumeHostService;
import io.kurve.core.metadata.VolumeHostService.AttachedDevice;
import io.kurve.protocol.v1.AttachmentRecord;
import io.kurve.protocol.v1.AttachmentState;
import io.kurve.protocol.v1.CreateVolumeRequest;
import io.kurve.protocol.v1.DeviceRecord;
import io.kurve.protocol.v1.DeviceState;
import io.kurve.protocol.v1.FormattedRecord;
import io.kurve.protocol.v1.OpenVolumeRequest;
import io.kurve.protocol.v1.OpenedVolume;
import io.kurve.protocol.v1.RecycleBinRecord;
import io.kurve.protocol.v1.SegmentRecord;
import io.kurve.protocol.v1.SegmentReply;
import io.kurve.protocol.v1.VolumeRecord;
import io.kurve.protocol.v1.VolumeState;
import io.kurve.protocol.v1.VolumeUseRecord;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;

/** Volumes, attachments, segments and devices. */
public final class VolumeMessages {
  private VolumeMessages() {}

  public static VolumeRecord volume(Volume volume) {
    VolumeRecord.Builder record =
        VolumeRecord.newBuilder()
            .setId(volume.id().value())
            .setName(volume.name())
            .setSizeBytes(volume.sizeBytes())
            .setLogicalBlockBytes(volume.logicalBlockBytes())
            .setShared(volume.shared())
            .setSequence(volume.sequence())
            .setState(
                switch (volume.state()) {
                  case ACTIVE -> VolumeState.VOLUME_ACTIVE;
                  case DELETED -> VolumeState.VOLUME_DELETED;
                  case DELETING -> VolumeState.VOLUME_DELETING;
                })
            .setCreated(PlaceMessages.moment(volume.created()))
            .setMappedBytes(volume.mappedBytes());
    volume
        .formatted()
        .ifPresent(formatted ->
            record.setFormatted(
                FormattedRecord.newBuilder()
                    .setFileSystem(formatted.fileSystem())
                    .setUuid(formatted.uuid())));
    return record.build();
  }

  public static Volume volume(VolumeRecord record) {
    return checked(() ->
        new Volume(
            new VolumeId(record.getId()),
            record.getName(),
            record.getSizeBytes(),
            record.getLogicalBlockBytes(),
            record.getShared(),
            record.getSequence(),
            switch (record.getState()) {
              case VOLUME_ACTIVE -> Volume.State.ACTIVE;
              case VOLUME_DELETED -> Volume.State.DELETED;
              case VOLUME_DELETING -> Volume.State.DELETING;
              case VOLUME_STATE_UNSPECIFIED, UNRECOGNIZED ->
                  throw new BadMessage("unknown state of volume " + record.getName());
            },
            PlaceMessages.moment(record.getCreated()),
            record.hasFormatted()
                ? Optional.of(
                    new Volume.Formatted(
                        record.getFormatted().getFileSystem(), record.getFormatted().getUuid()))
                : Optional.empty(),
            record.getMappedBytes()));
  }

  public static AttachmentRecord attachment(Attachment attachment) {
    return AttachmentRecord.newBuilder()
        .setId(attachment.id().value())
        .setVolumeId(attachment.volume().value())
        .setVolumeName(attachment.volumeName())
        .setHost(attachment.host())
        .setSince(PlaceMessages.moment(attachment.since()))
        .setState(
            switch (attachment.state()) {
              case OPEN -> AttachmentState.ATTACHMENT_OPEN;
              case LEASE_EXPIRED -> AttachmentState.ATTACHMENT_LEASE_EXPIRED;
              case FENCING -> AttachmentState.ATTACHMENT_FENCING;
              case FENCED -> AttachmentState.ATTACHMENT_FENCED;
            })
        .build();
  }

  public static Attachment attachment(AttachmentRecord record) {
    return checked(() ->
        new Attachment(
            new AttachmentId(record.getId()),
            new VolumeId(record.getVolumeId()),
            record.getVolumeName(),
            record.getHost(),
            PlaceMessages.moment(record.getSince()),
            switch (record.getState()) {
              case ATTACHMENT_OPEN -> Attachment.State.OPEN;
              case ATTACHMENT_LEASE_EXPIRED -> Attachment.State.LEASE_EXPIRED;
              case ATTACHMENT_FENCING -> Attachment.State.FENCING;
              case ATTACHMENT_FENCED -> Attachment.State.FENCED;
              case ATTACHMENT_STATE_UNSPECIFIED, UNRECOGNIZED ->
                  throw new BadMessage("unknown state of attachment " + record.getId());
            }));
  }

  public static VolumeUseRecord use(VolumeUse use) {
    VolumeUseRecord.Builder record =
        VolumeUseRecord.newBuilder()
            .setVolume(volume(use.volume()))
            .addAllAttachments(use.attachments().stream().map(VolumeMessages::attachment).toList())
            .setPurgeProgress(use.purgeProgress().orElse(""));
    use.bin()
        .ifPresent(bin ->
            record.setBin(
                RecycleBinRecord.newBuilder()
                    .setDeleted(PlaceMessages.moment(bin.deleted()))
                    .setLeftMillis(bin.left().toMillis())));
    return record.build();
  }

  public static VolumeUse use(VolumeUseRecord record) {
    return new VolumeUse(
        volume(record.getVolume()),
        record.getAttachmentsList().stream().map(VolumeMessages::attachment).toList(),
        Optional.of(record.getPurgeProgress()).filter(text -> !text.isEmpty()),
        record.hasBin()
            ? Optional.of(
                new InBin(
                    PlaceMessages.moment(record.getBin().getDeleted()),
                    Duration.ofMillis(record.getBin().getLeftMillis())))
            : Optional.empty());
  }

  public static CreateVolumeRequest create(String requestId, NewVolume volume) {
    return CreateVolumeRequest.newBuilder()
        .setRequestId(requestId)
        .setName(volume.name())
        .setSizeBytes(volume.sizeBytes())
        .setLogicalBlockBytes(volume.logicalBlockBytes())
        .setShared(volume.shared())
        .build();
  }

  public static NewVolume create(CreateVolumeRequest request) {
    return new NewVolume(
        request.getName(),
        request.getSizeBytes(),
        request.getLogicalBlockBytes(),
        request.getShared());
  }

  public static io.kurve.protocol.v1.AccessMode mode(AccessMode mode) {
    return switch (mode) {
      case EXCLUSIVE -> io.kurve.protocol.v1.AccessMode.ACCESS_EXCLUSIVE;
      case SHARED -> io.kurve.protocol.v1.AccessMode.ACCESS_SHARED;
    };
  }

  public static AccessMode mode(io.kurve.protocol.v1.AccessMode mode) {
    return switch (mode) {
      case ACCESS_EXCLUSIVE -> AccessMode.EXCLUSIVE;
      case ACCESS_SHARED -> AccessMode.SHARED;
      case ACCESS_MODE_UNSPECIFIED, UNRECOGNIZED -> throw new BadMessage("unknown access mode");
    };
  }

  /** An open's part about it. */
  public static OpenVolumeRequest.Builder takeOver(TakeOver takeOver) {
    return OpenVolumeRequest.newBuilder()
        .setTakeOverSilent(takeOver.silent())
        .addAllTakeOver(takeOver.named().stream().map(AttachmentId::value).toList());
  }

  public static TakeOver takeOver(OpenVolumeRequest message) {
    return checked(() ->
        new TakeOver(
            message.getTakeOverSilent(),
            new TreeSet<>(message.getTakeOverList().stream().map(AttachmentId::new).toList())));
  }

  public static OpenedVolume opened(Opened opened) {
    return OpenedVolume.newBuilder()
        .setVolume(volume(opened.volume()))
        .setAttachmentId(opened.attachment().value())
        .setLeaseMillis(opened.leaseDuration().toMillis())
        .build();
  }

  public static Opened opened(OpenedVolume message) {
    return checked(() ->
        new Opened(
            volume(message.getVolume()),
            new AttachmentId(message.getAttachmentId()),
            Duration.ofMillis(message.getLeaseMillis())));
  }

  public static SegmentReply segment(SegmentMapping mapping) {
    SegmentReply.Builder reply = SegmentReply.newBuilder();
    mapping
        .segment()
        .ifPresent(segment ->
            reply.setSegment(
                SegmentRecord.newBuilder()
                    .setVolumeId(segment.volume().value())
                    .setIndex(segment.index())
                    .setFirstChunkId(segment.firstChunk().value())
                    .addAllCopysetIds(segment.copysets().stream().map(CopysetId::value).toList())));
    mapping.placements().forEach(place -> reply.addPlacements(PlaceMessages.placement(place)));
    return reply.build();
  }

  public static SegmentMapping segment(SegmentReply reply) {
    return checked(() ->
        new SegmentMapping(
            reply.hasSegment() ? Optional.of(map(reply.getSegment())) : Optional.empty(),
            reply.getPlacementsList().stream().map(PlaceMessages::placement).toList()));
  }

  private static SegmentMap map(SegmentRecord record) {
    return new SegmentMap(
        new VolumeId(record.getVolumeId()),
        record.getIndex(),
        new ChunkId(record.getFirstChunkId()),
        record.getCopysetIdsList().stream().map(CopysetId::new).toList());
  }

  public static DeviceRecord device(AttachedDevice device) {
    return DeviceRecord.newBuilder()
        .setVolumeName(device.volumeName())
        .setVolumeId(device.volume().value())
        .setAttachmentId(device.attachment().value())
        .setDevice(device.device())
        .setLink(device.link())
        .setSizeBytes(device.sizeBytes())
        .setState(
            switch (device.state()) {
              case READY -> DeviceState.DEVICE_READY;
              case FAILED -> DeviceState.DEVICE_FAILED;
            })
        .addAllMounts(device.mounts())
        .build();
  }

  public static AttachedDevice device(DeviceRecord record) {
    return checked(() ->
        new AttachedDevice(
            record.getVolumeName(),
            new VolumeId(record.getVolumeId()),
            new AttachmentId(record.getAttachmentId()),
            record.getDevice(),
            record.getLink(),
            record.getSizeBytes(),
            switch (record.getState()) {
              case DEVICE_READY -> VolumeHostService.DeviceState.READY;
              case DEVICE_FAILED -> VolumeHostService.DeviceState.FAILED;
              case DEVICE_STATE_UNSPECIFIED, UNRECOGNIZED ->
                  throw new BadMessage("unknown state of device " + record.getDevice());
            },
            List.copyOf(record.getMountsList())));
  }
}
