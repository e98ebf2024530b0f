package io.kurve.protocol.control;

import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.AttachmentId;
import io.kurve.core.id.ChunkserverId;
import io.kurve.core.id.CopysetId;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.id.VolumeId;
import io.kurve.core.log.Membership;
import io.kurve.core.metadata.ChunkserverCommands;
import io.kurve.core.metadata.ChunkserverRegistry;
import io.kurve.core.metadata.ChunkserverReport;
import io.kurve.core.metadata.ClusterInspection;
import io.kurve.core.metadata.CopysetPlacement;
import io.kurve.core.metadata.MetadataService;
import io.kurve.core.metadata.SegmentMapping;
import io.kurve.core.metadata.TakeOver;
import io.kurve.core.metadata.Volume;
import io.kurve.core.metadata.VolumeAdmin;
import io.kurve.core.metadata.VolumeHostService;
import io.kurve.core.metadata.VolumePolicy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** Writes down what it was asked and answers with the samples. */
final class FakeControl {
  final List<List<Object>> asked = new ArrayList<>();

  private synchronized <T> CompletionStage<T> answer(T value, Object... arguments) {
    asked.add(List.of(arguments));
    return CompletableFuture.completedFuture(value);
  }

  @SuppressWarnings("NullAway") // a stage of Void ends with null
  private synchronized CompletionStage<Void> done(Object... arguments) {
    asked.add(List.of(arguments));
    return CompletableFuture.completedFuture(null);
  }

  final class Metadata implements MetadataService {
    @Override
    public CompletionStage<Opened> open(
        String volumeName, String host, String requestId, AccessMode mode, TakeOver takeOver) {
      return answer(Samples.OPENED, volumeName, host, requestId, mode, takeOver);
    }

    @Override
    public CompletionStage<List<AttachmentId>> renew(String host, List<AttachmentId> attachments) {
      return answer(attachments, host, attachments);
    }

    @Override
    public CompletionStage<Void> close(String host, AttachmentId attachment) {
      return done(host, attachment);
    }

    @Override
    public CompletionStage<SegmentMapping> segment(
        VolumeId volume, AttachmentId attachment, long segmentIndex, boolean allocate) {
      return answer(Samples.MAPPING, volume, attachment, segmentIndex, allocate);
    }

    @Override
    public CompletionStage<List<CopysetPlacement>> placements(List<CopysetId> copysets) {
      return answer(List.of(Samples.PLACEMENT), copysets);
    }

    @Override
    public CompletionStage<Volume> volume(VolumeId volume) {
      return answer(Samples.VOLUME, volume);
    }
  }

  final class Volumes implements VolumeAdmin {
    @Override
    public CompletionStage<Volume> create(String requestId, NewVolume volume) {
      return answer(Samples.VOLUME, requestId, volume);
    }

    @Override
    public CompletionStage<List<VolumeUse>> list() {
      return answer(List.of(Samples.USE));
    }

    @Override
    public CompletionStage<VolumeUse> info(String name) {
      return CompletableFuture.failedFuture(
          new KurveException(
              ErrorCode.NOT_FOUND,
              "volume '" + name + "' does not exist",
              "kurve volume list — ü"));
    }

    @Override
    public CompletionStage<Volume> resize(String name, long sizeBytes) {
      throw new KurveException(ErrorCode.NO_SPACE, "1 of 2", "add disks");
    }

    @Override
    public CompletionStage<Void> delete(VolumeId volume, Optional<Duration> retention) {
      return done(volume, retention);
    }

    @Override
    public CompletionStage<Volume> undelete(VolumeId volume, String name) {
      return answer(Samples.VOLUME, volume, name);
    }

    @Override
    public CompletionStage<Void> purge(VolumeId volume) {
      return done(volume);
    }

    @Override
    public CompletionStage<VolumePolicy> policy() {
      return answer(Samples.POLICY);
    }

    @Override
    public CompletionStage<VolumePolicy> changePolicy(PolicyChange change) {
      return answer(change.of(Samples.POLICY), change);
    }

    @Override
    public CompletionStage<Void> confirmClock() {
      return done();
    }

    @Override
    public CompletionStage<Void> drain(ChunkserverId disk, boolean drains) {
      return done(disk, drains);
    }

    @Override
    public CompletionStage<Void> fence(AttachmentId attachment) {
      return done(attachment);
    }
  }

  final class Registry implements ChunkserverRegistry {
    @Override
    public CompletionStage<Registration> register(Newcomer newcomer) {
      return newcomer.id().isPresent()
          ? answer(
              new Registration.Confirmed(newcomer.id().get(), Duration.ofMillis(900)), newcomer)
          : answer(new Registration.Unconfirmed("older than seen"), newcomer);
    }

    @Override
    public CompletionStage<HeartbeatReply> heartbeat(ChunkserverReport report) {
      return answer(Samples.HEARTBEAT, report);
    }
  }

  final class Inspection implements ClusterInspection {
    @Override
    public CompletionStage<ClusterStatus> status() {
      return answer(Samples.STATUS);
    }

    @Override
    public CompletionStage<List<DiskInfo>> disks() {
      return answer(List.of(Samples.DISK));
    }

    @Override
    public CompletionStage<List<CopysetPlacement>> copysets() {
      return answer(List.of(Samples.PLACEMENT));
    }

    @Override
    public CompletionStage<Leader> leader() {
      return answer(Samples.LEADER);
    }
  }

  final class Commands implements ChunkserverCommands {
    @Override
    public CompletionStage<Void> createCopyset(
        ReplicaId target, Authority authority, CopysetKey copyset, Membership membership) {
      return done(target, authority, copyset, membership);
    }

    @Override
    public CompletionStage<Void> grant(
        ReplicaId target, Authority authority, CopysetKey copyset, Grant grant) {
      return done(target, authority, copyset, grant);
    }

    @Override
    public CompletionStage<Void> purgeVolume(
        ReplicaId target,
        Authority authority,
        CopysetKey copyset,
        VolumeId volume,
        long deletingTransaction) {
      return done(target, authority, copyset, volume, deletingTransaction);
    }

    @Override
    public CompletionStage<Void> changeMembership(
        ReplicaId target, Authority authority, CopysetKey copyset, Membership wanted) {
      return done(target, authority, copyset, wanted);
    }

    @Override
    public CompletionStage<Void> purgeReplica(
        ReplicaId target, Authority authority, CopysetKey copyset, long removingTransaction) {
      return done(target, authority, copyset, removingTransaction);
    }

    @Override
    public CompletionStage<List<Long>> chunksOf(
        ReplicaId target, CopysetKey copyset, VolumeId volume) {
      return answer(List.of(4L, 5L), target, copyset, volume);
    }
  }

  final class Host implements VolumeHostService {
    @Override
    public CompletionStage<AttachedDevice> attach(String volumeName, Set<AttachmentId> takeOver) {
      return answer(Samples.DEVICE, volumeName, takeOver);
    }

    @Override
    public CompletionStage<Void> detach(String volumeName, boolean force) {
      return done(volumeName, force);
    }

    @Override
    public CompletionStage<List<AttachedDevice>> list() {
      return answer(List.of(Samples.DEVICE));
    }

    @Override
    public CompletionStage<AttachedDevice> info(String volumeName) {
      return answer(Samples.DEVICE, volumeName);
    }

    @Override
    public CompletionStage<AttachedDevice> resize(String volumeName) {
      return answer(Samples.DEVICE, volumeName);
    }
  }

  MdsServices mds() {
    return new MdsServices(new Metadata(), new Volumes(), new Registry(), new Inspection());
  }
}
