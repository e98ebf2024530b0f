package io.kurve.protocol.control;

import io.kurve.core.id.AttachmentId;
import io.kurve.core.id.ChunkId;
import io.kurve.core.id.ChunkserverId;
import io.kurve.core.id.ClusterId;
import io.kurve.core.id.CopysetGeneration;
import io.kurve.core.id.CopysetId;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.id.MdsTerm;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.id.StoreGeneration;
import io.kurve.core.id.StoreId;
import io.kurve.core.id.StoreStart;
import io.kurve.core.id.VolumeId;
import io.kurve.core.log.Membership;
import io.kurve.core.metadata.Attachment;
import io.kurve.core.metadata.ChunkserverCommands.Authority;
import io.kurve.core.metadata.ChunkserverCommands.Grant;
import io.kurve.core.metadata.ChunkserverRegistry.Addresses;
import io.kurve.core.metadata.ChunkserverRegistry.HeartbeatReply;
import io.kurve.core.metadata.ChunkserverRegistry.Newcomer;
import io.kurve.core.metadata.ChunkserverReport;
import io.kurve.core.metadata.ClusterInspection.ClusterStatus;
import io.kurve.core.metadata.ClusterInspection.DiskInfo;
import io.kurve.core.metadata.ClusterInspection.DiskState;
import io.kurve.core.metadata.ClusterInspection.Health;
import io.kurve.core.metadata.ClusterInspection.Leader;
import io.kurve.core.metadata.ClusterInspection.Reason;
import io.kurve.core.metadata.CopysetPlacement;
import io.kurve.core.metadata.HostAndPort;
import io.kurve.core.metadata.MetadataService.Opened;
import io.kurve.core.metadata.SegmentMap;
import io.kurve.core.metadata.SegmentMapping;
import io.kurve.core.metadata.Volume;
import io.kurve.core.metadata.VolumeAdmin.InBin;
import io.kurve.core.metadata.VolumeAdmin.VolumeUse;
import io.kurve.core.metadata.VolumeHostService.AttachedDevice;
import io.kurve.core.metadata.VolumeHostService.DeviceState;
import io.kurve.core.metadata.VolumePolicy;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** One of each, every field different from its default. */
final class Samples {
  static final ClusterId CLUSTER = ClusterId.parse("00000000-0000-4000-8000-0000000000c1");
  static final StoreId STORE = StoreId.parse("00000000-0000-4000-8000-00000000005a");
  static final ReplicaId REPLICA = new ReplicaId(new ChunkserverId(3), STORE);
  static final ReplicaId OTHER =
      new ReplicaId(new ChunkserverId(4), StoreId.parse("00000000-0000-4000-8000-00000000005b"));
  static final CopysetKey COPYSET = new CopysetKey(new CopysetId(7), new CopysetGeneration(2));
  static final VolumeId VOLUME_ID = new VolumeId(21);
  static final AttachmentId ATTACHMENT_ID = new AttachmentId(31);
  static final Instant MOMENT = Instant.ofEpochSecond(1_790_000_000L, 123_456_789);
  static final Leader LEADER = new Leader(new HostAndPort("mds-2", 7400), new MdsTerm(77));
  static final Membership MEMBERSHIP = new Membership(List.of(REPLICA), List.of(OTHER));
  static final Volume VOLUME =
      new Volume(
          VOLUME_ID,
          "demo",
          4L << 30,
          512,
          true,
          5,
          Volume.State.DELETING,
          MOMENT,
          Optional.of(new Volume.Formatted("ext4", "u-u-i-d")),
          1L << 30);
  static final Attachment ATTACHMENT =
      new Attachment(ATTACHMENT_ID, VOLUME_ID, "demo", "host-a", MOMENT, Attachment.State.FENCING);
  static final VolumeUse USE =
      new VolumeUse(VOLUME, List.of(ATTACHMENT), Optional.of("3 of 64 chunks"), Optional.empty());
  static final VolumeUse BINNED =
      new VolumeUse(
          new Volume(
              new VolumeId(22),
              "demo",
              1L << 30,
              4096,
              false,
              1,
              Volume.State.DELETED,
              MOMENT,
              Optional.empty(),
              0),
          List.of(),
          Optional.empty(),
          Optional.of(new InBin(MOMENT, Duration.ofHours(24))));
  static final VolumePolicy POLICY = new VolumePolicy(150, Duration.ofHours(24));
  static final Opened OPENED = new Opened(VOLUME, ATTACHMENT_ID, Duration.ofSeconds(30));
  static final CopysetPlacement PLACEMENT =
      new CopysetPlacement(
          COPYSET,
          List.of(
              new CopysetPlacement.Member(REPLICA, new HostAndPort("127.0.0.1", 9001)),
              new CopysetPlacement.Member(OTHER, new HostAndPort("host-b", 65535))),
          Optional.of(OTHER));
  static final SegmentMapping MAPPING =
      new SegmentMapping(
          Optional.of(
              new SegmentMap(
                  VOLUME_ID,
                  9,
                  new ChunkId(640),
                  List.of(new CopysetId(7), new CopysetId(8), new CopysetId(7)))),
          List.of(PLACEMENT));
  static final Addresses ADDRESSES =
      new Addresses(
          new HostAndPort("127.0.0.1", 1),
          new HostAndPort("127.0.0.1", 2),
          new HostAndPort("127.0.0.1", 3));
  static final ChunkserverReport.Capacity CAPACITY =
      new ChunkserverReport.Capacity(512, 17, 1L << 30, 12345);
  static final ChunkserverReport.Seen SEEN =
      new ChunkserverReport.Seen(new MdsTerm(6), 77, 88, new AttachmentId(99));

  /** Of software that draws no id for a start: its messages have no such field. */
  static final StoreStart UNTOLD = new StoreStart(new StoreGeneration(4), StoreStart.UNTOLD);

  static final StoreStart START = new StoreStart(new StoreGeneration(4), 0x1122334455667788L);
  static final Newcomer NEWCOMER = newcomer(UNTOLD);
  static final ChunkserverReport REPORT = report(UNTOLD);

  /** The same report, of a chunkserver with this replica out of service. */
  static ChunkserverReport outOfService(ChunkserverReport.OutOfService replica) {
    return new ChunkserverReport(
        REPORT.replica(),
        REPORT.start(),
        REPORT.seen(),
        REPORT.capacity(),
        REPORT.diskFailure(),
        REPORT.copysets(),
        List.of(replica));
  }

  static final Authority AUTHORITY = new Authority(new MdsTerm(6), 77, 88);
  static final HeartbeatReply HEARTBEAT =
      new HeartbeatReply(AUTHORITY, Map.of(COPYSET, MEMBERSHIP), List.of(PLACEMENT));
  static final Grant GRANT =
      new Grant(VOLUME_ID, 12, Set.of(ATTACHMENT_ID, new AttachmentId(33)), true);
  static final ClusterStatus STATUS =
      new ClusterStatus(
          CLUSTER,
          Health.DEGRADED,
          List.of(new Reason("DISK_OFFLINE", "cs-3", "not heard of for 40 s", "start it — soon")),
          1L << 40,
          1L << 30);
  static final DiskInfo DISK =
      new DiskInfo(
          REPLICA,
          "host-a",
          "disk-1",
          DiskState.UNSTABLE,
          ADDRESSES,
          8L << 30,
          1L << 30,
          16,
          5,
          MOMENT,
          false);
  static final DiskInfo DRAINED_DISK =
      new DiskInfo(
          REPLICA,
          "host-a",
          "disk-1",
          DiskState.ONLINE,
          ADDRESSES,
          8L << 30,
          0,
          0,
          0,
          MOMENT,
          true);
  static final AttachedDevice DEVICE =
      new AttachedDevice(
          "demo",
          VOLUME_ID,
          ATTACHMENT_ID,
          "/dev/loop3",
          "/dev/kurve/demo",
          4L << 30,
          DeviceState.FAILED,
          List.of("/mnt/a", "/mnt/b"));

  private Samples() {}

  static Newcomer newcomer(StoreStart start) {
    return new Newcomer(
        CLUSTER,
        STORE,
        Optional.of(new ChunkserverId(3)),
        start,
        ADDRESSES,
        "host-a",
        "disk-1",
        CAPACITY,
        SEEN,
        Map.of(COPYSET, 1234L));
  }

  static ChunkserverReport report(StoreStart start) {
    return new ChunkserverReport(
        REPLICA,
        start,
        SEEN,
        CAPACITY,
        Optional.of("two errors of sync"),
        List.of(
            new ChunkserverReport.CopysetReport(
                COPYSET, true, 5, 100, 99, MEMBERSHIP, List.of(OTHER), 2, true)),
        List.of(new ChunkserverReport.OutOfService(COPYSET, "its log is damaged", false)));
  }
}
