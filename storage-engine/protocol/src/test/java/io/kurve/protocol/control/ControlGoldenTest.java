package io.kurve.protocol.control;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.MessageLite;
import io.kurve.core.id.AttachmentId;
import io.kurve.core.metadata.ChunkserverRegistry.Registration;
import io.kurve.core.metadata.ChunkserverReport;
import io.kurve.core.metadata.MetadataService.AccessMode;
import io.kurve.core.metadata.TakeOver;
import io.kurve.core.metadata.VolumeAdmin.NewVolume;
import io.kurve.core.metadata.VolumeAdmin.PolicyChange;
import io.kurve.protocol.convert.ChunkserverMessages;
import io.kurve.protocol.convert.InspectionMessages;
import io.kurve.protocol.convert.PlaceMessages;
import io.kurve.protocol.convert.PolicyMessages;
import io.kurve.protocol.convert.VolumeMessages;
import io.kurve.protocol.v1.AttachRequest;
import io.kurve.protocol.v1.AttachmentIds;
import io.kurve.protocol.v1.AttachmentRef;
import io.kurve.protocol.v1.ChunkIds;
import io.kurve.protocol.v1.ChunksOfRequest;
import io.kurve.protocol.v1.CloseRequest;
import io.kurve.protocol.v1.CreateCopysetRequest;
import io.kurve.protocol.v1.DetachRequest;
import io.kurve.protocol.v1.DeviceList;
import io.kurve.protocol.v1.DiskList;
import io.kurve.protocol.v1.DrainRequest;
import io.kurve.protocol.v1.Nothing;
import io.kurve.protocol.v1.OpenVolumeRequest;
import io.kurve.protocol.v1.PlacementsRequest;
import io.kurve.protocol.v1.PurgeReplicaRequest;
import io.kurve.protocol.v1.PurgeVolumeRequest;
import io.kurve.protocol.v1.RenewRequest;
import io.kurve.protocol.v1.ResizeVolumeRequest;
import io.kurve.protocol.v1.SegmentRequest;
import io.kurve.protocol.v1.UndeleteVolumeRequest;
import io.kurve.protocol.v1.VolumeList;
import io.kurve.protocol.v1.VolumeName;
import io.kurve.protocol.v1.VolumeRef;
import io.kurve.testkit.golden.GoldenFile;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Each message of the control plane, version 1: written, read and rewritten byte for byte. */
class ControlGoldenTest {
  @TestFactory
  Stream<DynamicTest> messagesAreAsInVersion1() {
    return messages().entrySet().stream()
        .map(entry ->
            DynamicTest.dynamicTest(entry.getKey(), () -> check(entry.getKey(), entry.getValue())));
  }

  private static void check(String name, MessageLite message) throws Exception {
    GoldenFile golden = new GoldenFile(ControlGoldenTest.class, "control-" + name + "-v1.hex");
    golden.assertWrites(message.toByteArray());
    MessageLite read = message.getParserForType().parseFrom(golden.read());
    assertThat(read).isEqualTo(message);
    golden.assertWrites(read.toByteArray());
  }

  private static Map<String, MessageLite> messages() {
    Map<String, MessageLite> all = new LinkedHashMap<>();
    addVolumes(all);
    addChunkservers(all);
    return all;
  }

  private static void addVolumes(Map<String, MessageLite> all) {
    all.put("nothing", Nothing.getDefaultInstance());
    all.put("volume", VolumeMessages.volume(Samples.VOLUME));
    all.put("volume-use", VolumeMessages.use(Samples.USE));
    all.put(
        "volume-list", VolumeList.newBuilder().addVolumes(VolumeMessages.use(Samples.USE)).build());
    all.put(
        "create-volume", VolumeMessages.create("r-1", new NewVolume("demo", 1 << 30, 4096, true)));
    all.put("volume-name", VolumeName.newBuilder().setName("demo").build());
    all.put("volume-ref", VolumeRef.newBuilder().setId(21).build());
    all.put(
        "resize-volume",
        ResizeVolumeRequest.newBuilder().setName("demo").setSizeBytes(1 << 30).build());
    all.put("volume-in-bin", VolumeMessages.use(Samples.BINNED));
    all.put("delete-volume", PolicyMessages.delete(Samples.VOLUME_ID, Optional.of(Duration.ZERO)));
    all.put("undelete-volume", UndeleteVolumeRequest.newBuilder().setId(21).setName("d").build());
    all.put("policy", PolicyMessages.policy(Samples.POLICY));
    all.put(
        "change-policy",
        PolicyMessages.change(
            new PolicyChange(Optional.of(100), Optional.of(Duration.ofSeconds(90)))));
    all.put("attachment-ref", AttachmentRef.newBuilder().setId(31).build());
    all.put(
        "open-volume",
        OpenVolumeRequest.newBuilder()
            .setVolumeName("demo")
            .setHost("host-a")
            .setRequestId("r-2")
            .setMode(VolumeMessages.mode(AccessMode.EXCLUSIVE))
            .build());
    all.put(
        "take-over",
        VolumeMessages.takeOver(TakeOver.from(Set.of(Samples.ATTACHMENT_ID, new AttachmentId(7))))
            .setVolumeName("demo")
            .setHost("host-a")
            .setRequestId("r-2")
            .setMode(VolumeMessages.mode(AccessMode.EXCLUSIVE))
            .build());
    all.put("opened-volume", VolumeMessages.opened(Samples.OPENED));
    all.put("renew", RenewRequest.newBuilder().setHost("host-a").addAttachmentIds(31).build());
    all.put("close", CloseRequest.newBuilder().setHost("host-a").setAttachmentId(31).build());
    all.put("attachment-ids", AttachmentIds.newBuilder().addIds(31).addIds(300).build());
    all.put(
        "segment-request",
        SegmentRequest.newBuilder()
            .setVolumeId(21)
            .setAttachmentId(31)
            .setSegmentIndex(9)
            .setAllocate(true)
            .build());
    all.put("segment-reply", VolumeMessages.segment(Samples.MAPPING));
    all.put("placements-request", PlacementsRequest.newBuilder().addCopysetIds(7).build());
    all.put("placement-list", PlaceMessages.placements(List.of(Samples.PLACEMENT)));
    all.put("device", VolumeMessages.device(Samples.DEVICE));
    all.put(
        "device-list",
        DeviceList.newBuilder().addDevices(VolumeMessages.device(Samples.DEVICE)).build());
    all.put("attach", AttachRequest.newBuilder().setName("demo").addTakeOver(31).build());
    all.put("detach", DetachRequest.newBuilder().setName("demo").setForce(true).build());
  }

  private static void addChunkservers(Map<String, MessageLite> all) {
    all.put("register", ChunkserverMessages.newcomer(Samples.NEWCOMER));
    all.put(
        "registered",
        ChunkserverMessages.registration(
            new Registration.Confirmed(Samples.REPLICA.chunkserver(), Duration.ofSeconds(1))));
    all.put(
        "unconfirmed",
        ChunkserverMessages.registration(new Registration.Unconfirmed("older than seen")));
    all.put("heartbeat", ChunkserverMessages.report(Samples.REPORT));
    all.put(
        "heartbeat-needs-move",
        ChunkserverMessages.report(
            Samples.outOfService(
                new ChunkserverReport.OutOfService(Samples.COPYSET, "it is full", true))));
    all.put("register-of-start", ChunkserverMessages.newcomer(Samples.newcomer(Samples.START)));
    all.put("heartbeat-of-start", ChunkserverMessages.report(Samples.report(Samples.START)));
    all.put("heartbeat-answer", ChunkserverMessages.answer(Samples.HEARTBEAT));
    all.put(
        "create-copyset",
        CreateCopysetRequest.newBuilder()
            .setTarget(PlaceMessages.replica(Samples.REPLICA))
            .setAuthority(ChunkserverMessages.authority(Samples.AUTHORITY))
            .setCopyset(PlaceMessages.copyset(Samples.COPYSET))
            .setMembership(PlaceMessages.members(Samples.MEMBERSHIP))
            .build());
    all.put(
        "grant",
        ChunkserverMessages.grant(Samples.GRANT)
            .setTarget(PlaceMessages.replica(Samples.REPLICA))
            .setAuthority(ChunkserverMessages.authority(Samples.AUTHORITY))
            .setCopyset(PlaceMessages.copyset(Samples.COPYSET))
            .build());
    all.put(
        "purge-volume",
        PurgeVolumeRequest.newBuilder()
            .setTarget(PlaceMessages.replica(Samples.REPLICA))
            .setAuthority(ChunkserverMessages.authority(Samples.AUTHORITY))
            .setCopyset(PlaceMessages.copyset(Samples.COPYSET))
            .setVolumeId(21)
            .setDeletingTransaction(55)
            .build());
    all.put(
        "purge-replica",
        PurgeReplicaRequest.newBuilder()
            .setTarget(PlaceMessages.replica(Samples.REPLICA))
            .setAuthority(ChunkserverMessages.authority(Samples.AUTHORITY))
            .setCopyset(PlaceMessages.copyset(Samples.COPYSET))
            .setRemovingTransaction(56)
            .build());
    all.put(
        "drain",
        DrainRequest.newBuilder()
            .setChunkserver(Samples.REPLICA.chunkserver().value())
            .setDrains(true)
            .build());
    all.put("drained-disk", InspectionMessages.disk(Samples.DRAINED_DISK));
    all.put(
        "chunks-of",
        ChunksOfRequest.newBuilder()
            .setTarget(PlaceMessages.replica(Samples.REPLICA))
            .setCopyset(PlaceMessages.copyset(Samples.COPYSET))
            .setVolumeId(21)
            .build());
    all.put("chunk-ids", ChunkIds.newBuilder().addIds(4).addIds(5).build());
    all.put("status", InspectionMessages.status(Samples.STATUS));
    all.put(
        "disk-list", DiskList.newBuilder().addDisks(InspectionMessages.disk(Samples.DISK)).build());
  }
}
