package io.kurve.mds.volume;

import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.AttachmentId;
import io.kurve.core.id.ChunkserverId;
import io.kurve.core.id.CopysetId;
import io.kurve.core.id.VolumeId;
import io.kurve.core.metadata.Attachment;
import io.kurve.core.metadata.Volume;
import io.kurve.core.metadata.VolumeAdmin;
import io.kurve.core.metadata.VolumePolicy;
import io.kurve.core.unit.ByteSize;
import io.kurve.core.unit.Geometry;
import io.kurve.core.unit.Moment;
import io.kurve.mds.leadership.Decision;
import io.kurve.mds.leadership.Office;
import io.kurve.mds.leadership.Patience;
import io.kurve.mds.record.StoredRecord.DrainRecord;
import io.kurve.mds.record.StoredRecord.Holding;
import io.kurve.mds.record.StoredRecord.IdKind;
import io.kurve.mds.record.StoredRecord.PolicyRecord;
import io.kurve.mds.record.StoredRecord.SegmentRecord;
import io.kurve.mds.record.StoredRecord.VolumeRecord;
import io.kurve.mds.state.Change;
import io.kurve.mds.state.Ids;
import io.kurve.mds.state.Versioned;
import io.kurve.mds.topology.MetastoreBehind;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;

/** The life of volumes: create, grow, delete, undelete, purge. */
public final class Volumes implements VolumeAdmin {
  private final Office office;
  private final AttachmentLeases leases;
  private final Fencing fencing;
  private final Purge purge;
  private final RecycleBin bin;
  private final MetastoreBehind behind;
  private final Supplier<SegmentAllocator> allocators;

  public Volumes(
      Office office,
      AttachmentLeases leases,
      Fencing fencing,
      Purge purge,
      RecycleBin bin,
      MetastoreBehind behind,
      Supplier<SegmentAllocator> allocators) {
    this.office = office;
    this.leases = leases;
    this.fencing = fencing;
    this.purge = purge;
    this.bin = bin;
    this.behind = behind;
    this.allocators = allocators;
  }

  @Override
  public CompletionStage<Volume> create(String requestId, NewVolume volume) {
    VolumeRules.check(requestId, volume);
    return office.gate().write(() -> decideCreate(requestId, volume));
  }

  @Override
  public CompletionStage<List<VolumeUse>> list() {
    return office
        .gate()
        .read(() ->
            office.image().volumes().values().stream().map(found -> use(found.record())).toList());
  }

  @Override
  public CompletionStage<VolumeUse> info(String name) {
    return office.gate().read(() -> use(active(name)));
  }

  @Override
  public CompletionStage<Volume> resize(String name, long sizeBytes) {
    VolumeRules.size(name, sizeBytes);
    return office.gate().write(() -> decideResize(name, sizeBytes));
  }

  @Override
  public CompletionStage<Void> delete(VolumeId id, Optional<Duration> retention) {
    retention.ifPresent(VolumeRules::retention);
    return office
        .gate()
        .write(() -> decideDelete(id, retention.orElse(office.image().policy().retention())))
        .thenAccept(_ -> {
          bin.resume();
          purge.resume();
        });
  }

  @Override
  public CompletionStage<Volume> undelete(VolumeId id, String name) {
    VolumeRules.name(name);
    return office.gate().write(() -> decideUndelete(id, name));
  }

  @Override
  public CompletionStage<Void> purge(VolumeId id) {
    return office.gate().write(() -> decidePurge(id)).thenAccept(_ -> purge.resume());
  }

  @Override
  public CompletionStage<VolumePolicy> policy() {
    return office.gate().read(() -> office.image().policy());
  }

  @Override
  public CompletionStage<VolumePolicy> changePolicy(PolicyChange change) {
    VolumePolicy _ = VolumeRules.policy(change, VolumePolicy.STANDARD);
    return office.gate().write(() -> decidePolicy(change));
  }

  @Override
  public CompletionStage<Void> confirmClock() {
    return office.gate().write(bin::decideConfirm).thenAccept(_ -> {});
  }

  @Override
  public CompletionStage<Void> drain(ChunkserverId disk, boolean drains) {
    return office.gate().write(() -> decideDrain(disk, drains)).thenAccept(_ -> {});
  }

  private Decision<Boolean> decideDrain(ChunkserverId disk, boolean drains) {
    if (office.image().chunkserver(disk).isEmpty()) {
      throw new KurveException(
          ErrorCode.NOT_FOUND, "there is no disk of " + disk, "`kurve disk list` shows them");
    }
    DrainRecord there = office.image().drains().get(disk);
    if (drains == (there != null)) {
      return Decision.reply(true);
    }
    Change change =
        there == null
            ? new Change.Put(new DrainRecord(disk, office.now()))
            : new Change.Remove(there);
    return new Decision<>(List.of(change), () -> true);
  }

  @Override
  public CompletionStage<Void> fence(AttachmentId attachment) {
    return office
        .gate()
        .read(() -> {
          behind.check(attachment);
          return attachment;
        })
        .thenCompose(id ->
            Patience.within(
                office.loop(), office.timings().deadline(), fencing.fence(id), () -> late(id)));
  }

  private KurveException late(AttachmentId attachment) {
    return new KurveException(
        ErrorCode.UNAVAILABLE,
        attachment
            + " is refused at the MDS but not fenced yet: "
            + fencing.holdUp(attachment).orElse("its record")
            + " holds it up",
        "it goes on by itself when the copyset has a quorum; ask again to wait for it");
  }

  /**
   * @throws KurveException NOT_FOUND
   */
  VolumeRecord active(String name) {
    return office
        .image()
        .activeVolume(name)
        .orElseThrow(() -> VolumeRules.notFound("volume " + name));
  }

  /**
   * @throws KurveException NOT_FOUND, also when it is being deleted
   */
  VolumeRecord active(VolumeId id) {
    return office
        .image()
        .volume(id)
        .filter(volume -> volume.state() == Volume.State.ACTIVE)
        .orElseThrow(() -> VolumeRules.notFound(id.toString()));
  }

  private Decision<Volume> decideCreate(String requestId, NewVolume wanted) {
    Optional<VolumeRecord> same =
        office.image().volumes().values().stream()
            .map(Versioned::record)
            .filter(volume -> volume.requestId().equals(requestId))
            .findFirst();
    if (same.isPresent()) {
      return Decision.reply(office.image().describe(sameOrRefuse(same.get(), wanted)));
    }
    if (office.image().activeVolume(wanted.name()).isPresent()) {
      throw new KurveException(
          ErrorCode.ALREADY_EXISTS,
          "volume " + wanted.name() + " exists already",
          "choose another name, or delete it first");
    }
    VolumeSpace.refuseTooMuch(office.image(), wanted.name(), wanted.sizeBytes(), 0);
    Ids.Taken id = office.ids().take(IdKind.GENERAL, 1);
    VolumeRecord record =
        new VolumeRecord(
            new VolumeId(id.first()),
            wanted.name(),
            wanted.sizeBytes(),
            wanted.logicalBlockBytes(),
            wanted.shared(),
            1,
            Volume.State.ACTIVE,
            office.now(),
            Optional.empty(),
            requestId,
            Optional.empty());
    List<Change> changes = new ArrayList<>(id.changes());
    changes.add(new Change.Put(record));
    return new Decision<>(changes, () -> office.image().describe(record));
  }

  private static VolumeRecord sameOrRefuse(VolumeRecord made, NewVolume wanted) {
    boolean same =
        made.name().equals(wanted.name())
            && made.logicalBlockBytes() == wanted.logicalBlockBytes()
            && made.shared() == wanted.shared()
            && made.sizeBytes() >= wanted.sizeBytes();
    if (!same) {
      throw new KurveException(
          ErrorCode.ALREADY_EXISTS,
          "the same request made volume " + made.name() + " otherwise before",
          "use a new request id for another volume");
    }
    return made;
  }

  private Decision<Volume> decideResize(String name, long sizeBytes) {
    VolumeRecord volume = active(name);
    if (sizeBytes == volume.sizeBytes()) {
      return Decision.reply(office.image().describe(volume));
    }
    if (sizeBytes < volume.sizeBytes()) {
      throw VolumeRules.invalid(
          "volume "
              + name
              + " has "
              + new ByteSize(volume.sizeBytes()).toExact()
              + " and can't shrink to "
              + new ByteSize(sizeBytes).toExact(),
          "volumes only grow: make a smaller one and copy");
    }
    VolumeSpace.refuseTooMuch(office.image(), name, sizeBytes, volume.sizeBytes());
    List<CopysetId> reached = newlyReached(volume, sizeBytes);
    if (!reached.isEmpty()) {
      allocators.get().promise("growing volume " + name, reached);
    }
    VolumeRecord grown = volume.withSize(sizeBytes);
    return new Decision<>(List.of(new Change.Put(grown)), () -> office.image().describe(grown));
  }

  /** Copysets of the chunks that are mapped already and come to lie before the volume's end. */
  private List<CopysetId> newlyReached(VolumeRecord volume, long sizeBytes) {
    long from = volume.sizeBytes() / Geometry.CHUNK_BYTES;
    long to = sizeBytes / Geometry.CHUNK_BYTES;
    List<CopysetId> reached = new ArrayList<>();
    long firstSegment = from / Geometry.CHUNKS_PER_SEGMENT;
    for (SegmentRecord segment :
        office.image().segmentsOf(volume.id()).tailMap(firstSegment).values()) {
      long first = segment.map().index() * Geometry.CHUNKS_PER_SEGMENT;
      for (int i = 0; i < segment.map().copysets().size(); i++) {
        if (first + i >= from && first + i < to) {
          reached.add(segment.map().copysets().get(i));
        }
      }
    }
    return reached;
  }

  private Decision<Boolean> decideDelete(VolumeId id, Duration retention) {
    Optional<VolumeRecord> found = known(id);
    if (found.isEmpty()) {
      return Decision.reply(true);
    }
    VolumeRecord volume = found.get();
    switch (volume.state()) {
      case ACTIVE -> refuseAttached(volume);
      case DELETED -> {
        if (!retention.isZero()) {
          return Decision.reply(true);
        }
      }
      case DELETING -> {
        return Decision.reply(true);
      }
    }
    return put(retention.isZero() ? volume.deleting() : volume.deleted(bin.begin(retention)));
  }

  private Decision<Boolean> decidePurge(VolumeId id) {
    Optional<VolumeRecord> found = known(id);
    if (found.isEmpty()) {
      return Decision.reply(true);
    }
    return switch (found.get().state()) {
      case DELETED -> put(found.get().deleting());
      case DELETING -> Decision.reply(true);
      case ACTIVE ->
          throw new KurveException(
              ErrorCode.IN_USE,
              "volume " + found.get().name() + " is not deleted",
              "delete it first; `kurve volume delete` can destroy it at once, too");
    };
  }

  private Decision<Volume> decideUndelete(VolumeId id, String name) {
    VolumeRecord volume = known(id).orElseThrow(() -> gone(id.toString(), "has been destroyed"));
    return switch (volume.state()) {
      case DELETED -> {
        if (office.image().activeVolume(name).isPresent()) {
          throw new KurveException(
              ErrorCode.ALREADY_EXISTS,
              "another volume has the name " + name + " by now",
              "take this one back under another name, with --as");
        }
        VolumeRecord back = volume.undeleted(name);
        yield new Decision<>(List.of(new Change.Put(back)), () -> office.image().describe(back));
      }
      case DELETING -> throw gone(volume.name() + " (" + id + ")", "is being destroyed");
      case ACTIVE -> {
        if (!volume.name().equals(name)) {
          throw new KurveException(
              ErrorCode.ALREADY_EXISTS,
              id + " is not deleted: it is volume " + volume.name(),
              "see `kurve volume info " + volume.name() + "`");
        }
        yield Decision.reply(office.image().describe(volume));
      }
    };
  }

  private static KurveException gone(String volume, String how) {
    return new KurveException(
        ErrorCode.NOT_FOUND,
        "volume " + volume + " " + how + ": it can't be had back",
        "see what can with `kurve volume list --deleted`");
  }

  /** Empty: it was destroyed before, since ids are not given twice. */
  private Optional<VolumeRecord> known(VolumeId id) {
    Optional<VolumeRecord> found = office.image().volume(id);
    if (found.isEmpty() && id.value() > office.image().reservedThrough(IdKind.GENERAL)) {
      throw VolumeRules.notFound(id.toString());
    }
    return found;
  }

  private void refuseAttached(VolumeRecord volume) {
    List<Attachment> attached = use(volume).attachments();
    if (!attached.isEmpty()) {
      throw new KurveException(
          ErrorCode.IN_USE,
          "volume " + volume.name() + " is attached: " + holder(attached.getFirst()),
          release(attached.getFirst()));
    }
  }

  private static Decision<Boolean> put(VolumeRecord volume) {
    return new Decision<>(List.of(new Change.Put(volume)), () -> true);
  }

  private Decision<VolumePolicy> decidePolicy(PolicyChange change) {
    VolumePolicy before = office.image().policy();
    VolumePolicy wanted = VolumeRules.policy(change, before);
    return wanted.equals(before)
        ? Decision.reply(before)
        : new Decision<>(List.of(new Change.Put(new PolicyRecord(wanted))), () -> wanted);
  }

  private VolumeUse use(VolumeRecord volume) {
    List<Holding> holdings = office.image().attachments(volume.id()).record().holdings();
    Optional<String> progress =
        volume.state() == Volume.State.DELETING
            ? Optional.of(purge.progress(volume.id()).orElse("waits for its turn"))
            : Optional.empty();
    return new VolumeUse(
        office.image().describe(volume),
        holdings.stream().map(holding -> leases.describe(volume, holding)).toList(),
        progress,
        bin.describe(volume));
  }

  /** For error texts: who, since when, and how it is with it now. */
  static String holder(Attachment attachment) {
    return "host "
        + attachment.host()
        + " has it since "
        + Moment.toHuman(attachment.since())
        + " ("
        + attachment.id()
        + switch (attachment.state()) {
          case OPEN -> ")";
          case LEASE_EXPIRED -> ", silent since its lease ran out)";
          case FENCING, FENCED -> ", being fenced)";
        };
  }

  /** The cure for what {@link #holder} tells. */
  static String release(Attachment attachment) {
    String force = "`kurve volume detach " + attachment.volumeName() + " --force`";
    return switch (attachment.state()) {
      case OPEN -> "detach it there; if that host is dead, take it away from it with " + force;
      case LEASE_EXPIRED -> "take it away from that host with " + force;
      case FENCING, FENCED ->
          "wait: it goes by itself as soon as every copyset has a quorum, see `kurve cluster status`";
    };
  }
}
