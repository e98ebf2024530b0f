package io.kurve.cli;

import io.kurve.cli.config.ClusterFile;
import io.kurve.client.BlockVolume;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.AttachmentId;
import io.kurve.core.id.ChunkserverId;
import io.kurve.core.id.ClusterId;
import io.kurve.core.id.MdsTerm;
import io.kurve.core.id.VolumeId;
import io.kurve.core.metadata.Attachment;
import io.kurve.core.metadata.ClusterInspection;
import io.kurve.core.metadata.CopysetPlacement;
import io.kurve.core.metadata.HostAndPort;
import io.kurve.core.metadata.Volume;
import io.kurve.core.metadata.VolumeAdmin;
import io.kurve.core.metadata.VolumeAdmin.InBin;
import io.kurve.core.metadata.VolumeHostService;
import io.kurve.core.metadata.VolumePolicy;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** An MDS in memory behind the connections of a command. */
final class FakeConnections implements Connections, Connections.Cluster {
  static final Instant SINCE = Instant.parse("2026-11-01T10:00:00Z");

  /** The MDS's time. */
  Instant now = SINCE;

  final Map<String, Volume> volumes = new TreeMap<>();
  final Map<VolumeId, Volume> deleted = new TreeMap<>();
  private final Map<VolumeId, InBin> bin = new TreeMap<>();
  VolumePolicy policy = VolumePolicy.STANDARD;
  final List<Attachment> attachments = new ArrayList<>();
  final List<String> changes = new ArrayList<>();
  List<ClusterInspection.DiskInfo> disks = List.of();

  /** Whether volumes that are opened answer no requests. */
  boolean stalled;

  /** What volume hosts were asked for. */
  final List<String> attaches = new ArrayList<>();

  /** Whether there is no room for volumes. */
  boolean full;

  /** What others do before a volume is open here. */
  Runnable beforeOpen = () -> {};

  @Nullable FakeVolume opened;
  private long lastAttachment;
  private long lastVolume;
  ClusterInspection.ClusterStatus status =
      new ClusterInspection.ClusterStatus(
          ClusterId.parse("00000000-0000-0000-0000-000000000001"),
          ClusterInspection.Health.DEGRADED,
          List.of(new ClusterInspection.Reason("DISK_OFFLINE", "cs-1", "it is away", "start it")),
          10,
          5);

  void attached(String volume, String host) {
    attached(volume, host, Attachment.State.OPEN);
  }

  void attached(String volume, String host, Attachment.State state) {
    attachments.add(
        new Attachment(
            new AttachmentId(++lastAttachment), new VolumeId(1), volume, host, SINCE, state));
  }

  @Override
  public Cluster cluster(ClusterFile file) {
    return this;
  }

  @Override
  public VolumeAdmin volumes() {
    return new Volumes();
  }

  @Override
  public ClusterInspection inspection() {
    return new Inspection();
  }

  @Override
  public VolumeHostService volumeHost(Path socket) {
    return new Host();
  }

  /** Attaches what it is asked for, and nothing else. */
  private final class Host implements VolumeHostService {
    @Override
    public CompletionStage<AttachedDevice> attach(String volumeName, Set<AttachmentId> takeOver) {
      attaches.add(volumeName + " " + takeOver);
      return CompletableFuture.completedFuture(
          new AttachedDevice(
              volumeName,
              new VolumeId(1),
              new AttachmentId(99),
              "/dev/loop0",
              "/dev/kurve/" + volumeName,
              1 << 24,
              DeviceState.READY,
              List.of()));
    }

    @Override
    public CompletionStage<Void> detach(String volumeName, boolean force) {
      throw new AssertionError("nobody detaches here");
    }

    @Override
    public CompletionStage<List<AttachedDevice>> list() {
      throw new AssertionError("nobody asks for devices here");
    }

    @Override
    public CompletionStage<AttachedDevice> info(String volumeName) {
      throw new AssertionError("nobody asks for a device here");
    }

    @Override
    public CompletionStage<AttachedDevice> resize(String volumeName) {
      throw new AssertionError("nobody resizes here");
    }
  }

  @Override
  public Client client(String host) {
    return new Client() {
      @Override
      public CompletionStage<BlockVolume> open(String volume) {
        beforeOpen.run();
        attached(volume, host);
        opened =
            new FakeVolume(
                Objects.requireNonNull(volumes.get(volume)),
                attachments.getLast().id(),
                stalled,
                attachments);
        return CompletableFuture.completedFuture(opened);
      }

      @Override
      public void close() {
        changes.add("client closed");
      }
    };
  }

  @Override
  public void close() {}

  private final class Volumes implements VolumeAdmin {
    @Override
    public CompletionStage<Volume> create(String requestId, NewVolume wanted) {
      if (full) {
        return failed(
            ErrorCode.NO_SPACE,
            "volume " + wanted.name() + " of 16 MiB does not fit",
            "ask for at most 1MiB");
      }
      changes.add("create " + wanted);
      Volume made =
          new Volume(
              new VolumeId(++lastVolume),
              wanted.name(),
              wanted.sizeBytes(),
              wanted.logicalBlockBytes(),
              wanted.shared(),
              1,
              Volume.State.ACTIVE,
              now,
              Optional.empty(),
              0);
      volumes.put(wanted.name(), made);
      return CompletableFuture.completedFuture(made);
    }

    @Override
    public CompletionStage<List<VolumeUse>> list() {
      return CompletableFuture.completedFuture(
          Stream.concat(volumes.values().stream(), deleted.values().stream())
              .map(this::use)
              .toList());
    }

    @Override
    public CompletionStage<VolumeUse> info(String name) {
      return Optional.ofNullable(volumes.get(name))
          .map(volume -> CompletableFuture.completedFuture(use(volume)))
          .orElseGet(
              () -> failed(ErrorCode.NOT_FOUND, "volume " + name + " does not exist", "list them"));
    }

    private VolumeUse use(Volume volume) {
      return new VolumeUse(
          volume,
          attachments.stream().filter(a -> a.volumeName().equals(volume.name())).toList(),
          Optional.empty(),
          Optional.ofNullable(bin.get(volume.id())));
    }

    @Override
    public CompletionStage<Volume> resize(String name, long sizeBytes) {
      changes.add("resize " + name + " " + sizeBytes);
      return info(name).thenApply(use -> resized(use.volume(), sizeBytes));
    }

    @Override
    public CompletionStage<Void> delete(VolumeId volume, Optional<Duration> retention) {
      Optional<Attachment> held =
          volumes.values().stream()
              .filter(found -> found.id().equals(volume))
              .flatMap(found -> use(found).attachments().stream())
              .findFirst();
      if (held.isPresent()) {
        Attachment holder = held.get();
        return failed(
            ErrorCode.IN_USE,
            "host " + holder.host() + " has it since " + holder.since(),
            "detach it there first");
      }
      changes.add("delete " + volume.value());
      Duration kept = retention.orElse(policy.retention());
      volumes.values().stream()
          .filter(found -> found.id().equals(volume) && !kept.isZero())
          .forEach(found -> {
            bin.put(volume, new InBin(now, kept));
            deleted.put(volume, in(Volume.State.DELETED, found));
          });
      volumes.values().removeIf(found -> found.id().equals(volume));
      return CompletableFuture.completedFuture(null);
    }

    @Override
    public CompletionStage<Volume> undelete(VolumeId volume, String name) {
      changes.add("undelete " + volume.value() + " as " + name);
      Volume back = in(Volume.State.ACTIVE, Objects.requireNonNull(deleted.remove(volume)));
      volumes.put(name, back);
      return CompletableFuture.completedFuture(back);
    }

    @Override
    public CompletionStage<Void> purge(VolumeId volume) {
      changes.add("purge " + volume.value());
      deleted.remove(volume);
      return CompletableFuture.completedFuture(null);
    }

    @Override
    public CompletionStage<VolumePolicy> policy() {
      return CompletableFuture.completedFuture(policy);
    }

    @Override
    public CompletionStage<VolumePolicy> changePolicy(PolicyChange change) {
      changes.add("policy");
      policy = change.of(policy);
      return CompletableFuture.completedFuture(policy);
    }

    @Override
    public CompletionStage<Void> confirmClock() {
      changes.add("confirm clock");
      return CompletableFuture.completedFuture(null);
    }

    @Override
    public CompletionStage<Void> drain(ChunkserverId disk, boolean drains) {
      changes.add((drains ? "drain " : "undrain ") + disk);
      return CompletableFuture.completedFuture(null);
    }

    private Volume resized(Volume volume, long sizeBytes) {
      Volume grown =
          new Volume(
              volume.id(),
              volume.name(),
              sizeBytes,
              volume.logicalBlockBytes(),
              volume.shared(),
              volume.sequence(),
              volume.state(),
              volume.created(),
              volume.formatted(),
              volume.mappedBytes());
      volumes.put(volume.name(), grown);
      return grown;
    }

    private static Volume in(Volume.State state, Volume volume) {
      return new Volume(
          volume.id(),
          volume.name(),
          volume.sizeBytes(),
          volume.logicalBlockBytes(),
          volume.shared(),
          volume.sequence(),
          state,
          volume.created(),
          volume.formatted(),
          volume.mappedBytes());
    }

    @Override
    public CompletionStage<Void> fence(AttachmentId attachment) {
      changes.add("fence " + attachment.value());
      attachments.removeIf(held -> held.id().equals(attachment));
      return CompletableFuture.completedFuture(null);
    }
  }

  private final class Inspection implements ClusterInspection {
    @Override
    public CompletionStage<ClusterStatus> status() {
      return CompletableFuture.completedFuture(status);
    }

    @Override
    public CompletionStage<List<DiskInfo>> disks() {
      return CompletableFuture.completedFuture(disks);
    }

    @Override
    public CompletionStage<List<CopysetPlacement>> copysets() {
      return CompletableFuture.completedFuture(List.of());
    }

    @Override
    public CompletionStage<Leader> leader() {
      return CompletableFuture.completedFuture(
          new Leader(new HostAndPort("127.0.0.1", 7400), new MdsTerm(1)));
    }
  }

  private static <T> CompletableFuture<T> failed(ErrorCode code, String text, String cure) {
    return CompletableFuture.failedFuture(new KurveException(code, text, cure));
  }
}
