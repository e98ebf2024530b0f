package io.kurve.simulation;

import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.AttachmentId;
import io.kurve.core.id.ChunkserverId;
import io.kurve.core.id.CopysetId;
import io.kurve.core.id.VolumeId;
import io.kurve.core.metadata.ChunkserverRegistry;
import io.kurve.core.metadata.ChunkserverReport;
import io.kurve.core.metadata.CopysetPlacement;
import io.kurve.core.metadata.MetadataService;
import io.kurve.core.metadata.SegmentMapping;
import io.kurve.core.metadata.TakeOver;
import io.kurve.core.metadata.Volume;
import io.kurve.core.metadata.VolumeAdmin;
import io.kurve.core.metadata.VolumePolicy;
import io.kurve.mds.Mds;
import io.kurve.testkit.world.SimNetwork;
import io.kurve.testkit.world.SimProcess;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;

/** The MDS processes as one process sees them: asks one, and the next one when it is of no use. */
final class RemoteMds implements MetadataService, VolumeAdmin, ChunkserverRegistry {
  private final SimCluster cluster;
  private final SimProcess from;
  private int preferred;

  RemoteMds(SimCluster cluster, SimProcess from) {
    this.cluster = cluster;
    this.from = from;
  }

  @Override
  public CompletionStage<Opened> open(
      String volumeName, String host, String requestId, AccessMode mode, TakeOver takeOver) {
    return ask(
        SimNetwork.Kind.DOUBLED,
        "open " + volumeName,
        mds -> mds.metadata().open(volumeName, host, requestId, mode, takeOver));
  }

  @Override
  public CompletionStage<List<AttachmentId>> renew(String host, List<AttachmentId> attachments) {
    return ask(SimNetwork.Kind.DOUBLED, "renew", mds -> mds.metadata().renew(host, attachments));
  }

  @Override
  public CompletionStage<Void> close(String host, AttachmentId attachment) {
    return ask(
        SimNetwork.Kind.DOUBLED,
        "close " + attachment,
        mds -> mds.metadata().close(host, attachment));
  }

  @Override
  public CompletionStage<SegmentMapping> segment(
      VolumeId volume, AttachmentId attachment, long segmentIndex, boolean allocate) {
    return ask(
        SimNetwork.Kind.DOUBLED,
        "segment of " + volume,
        mds -> mds.metadata().segment(volume, attachment, segmentIndex, allocate));
  }

  @Override
  public CompletionStage<List<CopysetPlacement>> placements(List<CopysetId> copysets) {
    return ask(SimNetwork.Kind.DOUBLED, "placements", mds -> mds.metadata().placements(copysets));
  }

  @Override
  public CompletionStage<Volume> volume(VolumeId volume) {
    return ask(SimNetwork.Kind.DOUBLED, "volume", mds -> mds.metadata().volume(volume));
  }

  @Override
  public CompletionStage<Volume> create(String requestId, NewVolume volume) {
    return ask(
        SimNetwork.Kind.ONCE,
        "create " + volume.name(),
        mds -> mds.volumes().create(requestId, volume));
  }

  @Override
  public CompletionStage<List<VolumeUse>> list() {
    return ask(SimNetwork.Kind.DOUBLED, "list", mds -> mds.volumes().list());
  }

  @Override
  public CompletionStage<VolumeUse> info(String name) {
    return ask(SimNetwork.Kind.DOUBLED, "info " + name, mds -> mds.volumes().info(name));
  }

  @Override
  public CompletionStage<Volume> resize(String name, long sizeBytes) {
    return ask(
        SimNetwork.Kind.DOUBLED, "resize " + name, mds -> mds.volumes().resize(name, sizeBytes));
  }

  @Override
  public CompletionStage<Void> delete(VolumeId volume, Optional<Duration> retention) {
    return ask(
        SimNetwork.Kind.DOUBLED,
        "delete " + volume,
        mds -> mds.volumes().delete(volume, retention));
  }

  @Override
  public CompletionStage<Volume> undelete(VolumeId volume, String name) {
    return ask(
        SimNetwork.Kind.DOUBLED, "undelete " + volume, mds -> mds.volumes().undelete(volume, name));
  }

  @Override
  public CompletionStage<Void> purge(VolumeId volume) {
    return ask(SimNetwork.Kind.DOUBLED, "purge " + volume, mds -> mds.volumes().purge(volume));
  }

  @Override
  public CompletionStage<VolumePolicy> policy() {
    return ask(SimNetwork.Kind.DOUBLED, "policy", mds -> mds.volumes().policy());
  }

  @Override
  public CompletionStage<VolumePolicy> changePolicy(PolicyChange change) {
    return ask(SimNetwork.Kind.DOUBLED, "change policy", mds -> mds.volumes().changePolicy(change));
  }

  @Override
  public CompletionStage<Void> drain(ChunkserverId disk, boolean drains) {
    return ask(SimNetwork.Kind.DOUBLED, "drain " + disk, mds -> mds.volumes().drain(disk, drains));
  }

  @Override
  public CompletionStage<Void> confirmClock() {
    return ask(SimNetwork.Kind.DOUBLED, "confirm clock", mds -> mds.volumes().confirmClock());
  }

  @Override
  public CompletionStage<Void> fence(AttachmentId attachment) {
    return ask(
        SimNetwork.Kind.DOUBLED, "fence " + attachment, mds -> mds.volumes().fence(attachment));
  }

  @Override
  public CompletionStage<Registration> register(Newcomer newcomer) {
    return ask(SimNetwork.Kind.DOUBLED, "register", mds -> mds.registry().register(newcomer));
  }

  @Override
  public CompletionStage<HeartbeatReply> heartbeat(ChunkserverReport report) {
    return ask(SimNetwork.Kind.DOUBLED, "heartbeat", mds -> mds.registry().heartbeat(report));
  }

  private <T> CompletionStage<T> ask(
      SimNetwork.Kind kind, String what, Function<Mds, CompletionStage<T>> call) {
    int asked = preferred;
    SimMds to = cluster.mdses().get(asked);
    return cluster
        .network()
        .ask(from, to.process(), kind, what, () -> call.apply(to.running()))
        .whenComplete((answer, failure) -> {
          if (asked == preferred
              && failure instanceof KurveException known
              && (known.code() == ErrorCode.NOT_LEADER || known.code() == ErrorCode.UNAVAILABLE)) {
            preferred = (preferred + 1) % cluster.mdses().size();
          }
        });
  }
}
