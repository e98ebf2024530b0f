package io.kurve.mds;

import io.kurve.core.id.AttachmentId;
import io.kurve.core.id.ChunkserverId;
import io.kurve.core.id.CopysetId;
import io.kurve.core.id.VolumeId;
import io.kurve.core.metadata.ChunkserverRegistry;
import io.kurve.core.metadata.ChunkserverReport;
import io.kurve.core.metadata.ClusterInspection;
import io.kurve.core.metadata.CopysetPlacement;
import io.kurve.core.metadata.MetadataService;
import io.kurve.core.metadata.SegmentMapping;
import io.kurve.core.metadata.TakeOver;
import io.kurve.core.metadata.Volume;
import io.kurve.core.metadata.VolumeAdmin;
import io.kurve.core.metadata.VolumePolicy;
import io.kurve.mds.Mds.Needs;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** The interfaces that others see, each call led through {@link Mds#serve}. */
final class Doors {
  /** The names of all calls, as metrics have them. */
  static final List<String> OPERATIONS =
      List.of(
          "open",
          "renew",
          "close",
          "segment",
          "placements",
          "volume",
          "create",
          "list",
          "info",
          "resize",
          "delete",
          "undelete",
          "purge",
          "policy",
          "changePolicy",
          "confirmClock",
          "drain",
          "fence",
          "register",
          "heartbeat",
          "status",
          "disks",
          "copysets",
          "leader");

  private final Mds mds;

  Doors(Mds mds) {
    this.mds = mds;
  }

  MetadataService metadata() {
    return new MetadataDoor();
  }

  VolumeAdmin volumes() {
    return new VolumeDoor();
  }

  ChunkserverRegistry registry() {
    return new RegistryDoor();
  }

  ClusterInspection inspection() {
    return new InspectionDoor();
  }

  private final class MetadataDoor implements MetadataService {
    @Override
    public CompletionStage<Opened> open(
        String volumeName, String host, String requestId, AccessMode mode, TakeOver takeOver) {
      return mds.serve(
          "open",
          Needs.GATHERED,
          s -> s.metadata().open(volumeName, host, requestId, mode, takeOver));
    }

    @Override
    public CompletionStage<List<AttachmentId>> renew(String host, List<AttachmentId> attachments) {
      return mds.serve("renew", Needs.GATHERED, s -> s.metadata().renew(host, attachments));
    }

    @Override
    public CompletionStage<Void> close(String host, AttachmentId attachment) {
      return mds.serve("close", Needs.GATHERED, s -> s.metadata().close(host, attachment));
    }

    @Override
    public CompletionStage<SegmentMapping> segment(
        VolumeId volume, AttachmentId attachment, long segmentIndex, boolean allocate) {
      return mds.serve(
          "segment",
          Needs.GATHERED,
          s -> s.metadata().segment(volume, attachment, segmentIndex, allocate));
    }

    @Override
    public CompletionStage<List<CopysetPlacement>> placements(List<CopysetId> copysets) {
      return mds.serve("placements", Needs.TRUSTED, s -> s.metadata().placements(copysets));
    }

    @Override
    public CompletionStage<Volume> volume(VolumeId volume) {
      return mds.serve("volume", Needs.GATHERED, s -> s.metadata().volume(volume));
    }
  }

  private final class VolumeDoor implements VolumeAdmin {
    @Override
    public CompletionStage<Volume> create(String requestId, NewVolume volume) {
      return mds.serve("create", Needs.GATHERED, s -> s.volumes().create(requestId, volume));
    }

    @Override
    public CompletionStage<List<VolumeUse>> list() {
      return mds.serve("list", Needs.GATHERED, s -> s.volumes().list());
    }

    @Override
    public CompletionStage<VolumeUse> info(String name) {
      return mds.serve("info", Needs.GATHERED, s -> s.volumes().info(name));
    }

    @Override
    public CompletionStage<Volume> resize(String name, long sizeBytes) {
      return mds.serve("resize", Needs.GATHERED, s -> s.volumes().resize(name, sizeBytes));
    }

    @Override
    public CompletionStage<Void> delete(VolumeId volume, Optional<Duration> retention) {
      return mds.serve("delete", Needs.GATHERED, s -> s.volumes().delete(volume, retention));
    }

    @Override
    public CompletionStage<Volume> undelete(VolumeId volume, String name) {
      return mds.serve("undelete", Needs.GATHERED, s -> s.volumes().undelete(volume, name));
    }

    @Override
    public CompletionStage<Void> purge(VolumeId volume) {
      return mds.serve("purge", Needs.GATHERED, s -> s.volumes().purge(volume));
    }

    @Override
    public CompletionStage<VolumePolicy> policy() {
      return mds.serve("policy", Needs.GATHERED, s -> s.volumes().policy());
    }

    @Override
    public CompletionStage<VolumePolicy> changePolicy(PolicyChange change) {
      return mds.serve("changePolicy", Needs.GATHERED, s -> s.volumes().changePolicy(change));
    }

    @Override
    public CompletionStage<Void> confirmClock() {
      return mds.serve("confirmClock", Needs.GATHERED, s -> s.volumes().confirmClock());
    }

    @Override
    public CompletionStage<Void> drain(ChunkserverId disk, boolean drains) {
      return mds.serve("drain", Needs.GATHERED, s -> s.volumes().drain(disk, drains));
    }

    @Override
    public CompletionStage<Void> fence(AttachmentId attachment) {
      return mds.serve("fence", Needs.GATHERED, s -> s.volumes().fence(attachment));
    }
  }

  private final class RegistryDoor implements ChunkserverRegistry {
    @Override
    public CompletionStage<Registration> register(Newcomer newcomer) {
      return mds.serve("register", Needs.TRUSTED, s -> s.registry().register(newcomer));
    }

    @Override
    public CompletionStage<HeartbeatReply> heartbeat(ChunkserverReport report) {
      return mds.serve("heartbeat", Needs.TRUSTED, s -> s.registry().heartbeat(report));
    }
  }

  private final class InspectionDoor implements ClusterInspection {
    @Override
    public CompletionStage<ClusterStatus> status() {
      return mds.serve("status", Needs.LEADER, s -> s.inspection().status());
    }

    @Override
    public CompletionStage<List<DiskInfo>> disks() {
      return mds.serve("disks", Needs.LEADER, s -> s.inspection().disks());
    }

    @Override
    public CompletionStage<List<CopysetPlacement>> copysets() {
      return mds.serve("copysets", Needs.LEADER, s -> s.inspection().copysets());
    }

    @Override
    public CompletionStage<Leader> leader() {
      return mds.serve(
          "leader",
          Needs.LEADER,
          s -> CompletableFuture.completedFuture(new Leader(mds.address(), s.term())));
    }
  }
}
