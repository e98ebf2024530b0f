package io.kurve.mds.health;

import io.kurve.core.failure.KurveException;
import io.kurve.core.id.ChunkserverId;
import io.kurve.core.id.ClusterId;
import io.kurve.core.metadata.ClusterInspection.ClusterStatus;
import io.kurve.core.metadata.ClusterInspection.DiskInfo;
import io.kurve.core.metadata.ClusterInspection.Health;
import io.kurve.core.metadata.ClusterInspection.Reason;
import io.kurve.core.metadata.CopysetPlacement;
import io.kurve.core.unit.ByteSize;
import io.kurve.core.unit.Geometry;
import io.kurve.mds.leadership.Office;
import io.kurve.mds.record.StoredRecord.ChunkserverRecord;
import io.kurve.mds.record.StoredRecord.ClusterRecord;
import io.kurve.mds.repair.Moves;
import io.kurve.mds.topology.MetastoreBehind;
import io.kurve.mds.topology.PoolFounding;
import io.kurve.mds.topology.Presence;
import io.kurve.mds.volume.Fencing;
import io.kurve.mds.volume.Purge;
import io.kurve.mds.volume.RecycleBin;
import io.kurve.mds.volume.SegmentAllocator;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CompletionStage;

/** Answers about the cluster, from the image and what was heard. */
public final class Inspection {
  private final Office office;
  private final Presence presence;
  private final MetastoreBehind behind;
  private final PoolFounding pool;
  private final Work work;

  public Inspection(
      Office office, Presence presence, MetastoreBehind behind, PoolFounding pool, Work work) {
    this.office = office;
    this.presence = presence;
    this.behind = behind;
    this.pool = pool;
    this.work = work;
  }

  /** What goes on by itself. */
  public record Work(Moves moves, Fencing fencing, Purge purge, RecycleBin bin) {}

  public CompletionStage<ClusterStatus> status() {
    return office.gate().read(this::statusNow);
  }

  public CompletionStage<List<DiskInfo>> disks() {
    return office
        .gate()
        .read(() -> office.image().chunkservers().values().stream().map(this::disk).toList());
  }

  public CompletionStage<List<CopysetPlacement>> copysets() {
    return office
        .gate()
        .read(() -> office.image().copysets().values().stream().map(presence::placement).toList());
  }

  private ClusterStatus statusNow() {
    ClusterId cluster = office.image().cluster().map(ClusterRecord::cluster).orElseThrow();
    List<Reason> reasons =
        behind
            .found()
            .map(Inspection::behindReason)
            .orElseGet(() ->
                new Diagnosis(office.image(), presence, work.moves())
                        .find(
                            pool.missing(),
                            work.fencing().holdUps(),
                            work.purge().holdUps(),
                            work.bin().held())
                        .stream()
                        .sorted(Comparator.comparing(Inspection::health).reversed())
                        .toList());
    Health health = reasons.stream().findFirst().map(Inspection::health).orElse(Health.OK);
    int replicas = office.image().cluster().map(ClusterRecord::replicas).orElse(1);
    List<DiskInfo> disks = office.image().chunkservers().values().stream().map(this::disk).toList();
    return new ClusterStatus(
        cluster,
        health,
        reasons,
        SegmentAllocator.capacity(office.image()).map(ByteSize::bytes).orElse(0L),
        disks.stream().mapToLong(DiskInfo::usedBytes).sum() / replicas);
  }

  private static Health health(Reason reason) {
    return ReasonCode.valueOf(reason.code()).health();
  }

  private static List<Reason> behindReason(KurveException why) {
    return List.of(
        new Reason(ReasonCode.METASTORE_BEHIND.name(), "metadata store", why.text(), why.cure()));
  }

  private DiskInfo disk(ChunkserverRecord record) {
    return new DiskInfo(
        record.replica(),
        record.failureDomain(),
        record.diskName(),
        presence.state(record),
        record.addresses(),
        (long) record.slots() * Geometry.CHUNK_BYTES,
        (long) presence.slotsInUse(record) * Geometry.CHUNK_BYTES,
        copysetsOf(record.id()),
        leadersOf(record),
        presence.lastHeard(record),
        office.image().drains().containsKey(record.id()));
  }

  private int copysetsOf(ChunkserverId id) {
    return (int)
        office.image().copysets().values().stream()
            .filter(copyset ->
                copyset.membership().voters().stream()
                    .anyMatch(member -> member.chunkserver().equals(id)))
            .count();
  }

  private int leadersOf(ChunkserverRecord record) {
    return (int)
        office.image().copysets().values().stream()
            .filter(
                copyset -> presence.leader(copyset).filter(record.replica()::equals).isPresent())
            .count();
  }
}
