package io.kurve.mds.volume;

import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.AttachmentId;
import io.kurve.core.id.ChunkId;
import io.kurve.core.id.CopysetId;
import io.kurve.core.id.VolumeId;
import io.kurve.core.metadata.CopysetPlacement;
import io.kurve.core.metadata.MetadataService;
import io.kurve.core.metadata.SegmentMap;
import io.kurve.core.metadata.SegmentMapping;
import io.kurve.core.metadata.TakeOver;
import io.kurve.core.metadata.Volume;
import io.kurve.core.unit.Geometry;
import io.kurve.mds.leadership.Decision;
import io.kurve.mds.leadership.Office;
import io.kurve.mds.record.StoredRecord.CopysetRecord;
import io.kurve.mds.record.StoredRecord.Holding;
import io.kurve.mds.record.StoredRecord.IdKind;
import io.kurve.mds.record.StoredRecord.SegmentRecord;
import io.kurve.mds.record.StoredRecord.VolumeRecord;
import io.kurve.mds.state.Change;
import io.kurve.mds.state.Ids;
import io.kurve.mds.topology.MetastoreBehind;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import java.util.function.Supplier;

/** What an attached volume asks: open, renew, close, and where its chunks live. */
public final class Attachments implements MetadataService {
  private final Office office;
  private final Volumes volumes;
  private final Succession succession;
  private final AttachmentLeases leases;
  private final Grants grants;
  private final MetastoreBehind behind;
  private final Ground ground;

  /**
   * @param allocators made anew for each allocation, from what is known then
   * @param placement of a copyset, with addresses and leader
   */
  public record Ground(
      Supplier<SegmentAllocator> allocators, Function<CopysetRecord, CopysetPlacement> placement) {}

  public Attachments(
      Office office,
      Volumes volumes,
      Succession succession,
      AttachmentLeases leases,
      Grants grants,
      MetastoreBehind behind,
      Ground ground) {
    this.office = office;
    this.volumes = volumes;
    this.succession = succession;
    this.leases = leases;
    this.grants = grants;
    this.behind = behind;
    this.ground = ground;
  }

  @Override
  public CompletionStage<Opened> open(
      String volumeName, String host, String requestId, AccessMode mode, TakeOver takeOver) {
    return succession.open(volumeName, new Succession.Asked(host, requestId, mode, takeOver));
  }

  @Override
  public CompletionStage<List<AttachmentId>> renew(String host, List<AttachmentId> attachments) {
    return office
        .gate()
        .read(() -> {
          List<AttachmentId> fenced = new ArrayList<>();
          for (AttachmentId id : attachments) {
            behind.check(id);
            Optional<Holding> holding = holding(id);
            if (holding.isEmpty() || holding.get().fencing()) {
              fenced.add(id);
            } else if (!holding.get().host().equals(host)) {
              throw VolumeRules.invalid(
                  id + " is of host " + holding.get().host() + ", not " + host,
                  "renew under the name that it was opened with");
            } else {
              leases.renew(id);
            }
          }
          return List.copyOf(fenced);
        });
  }

  @Override
  public CompletionStage<Void> close(String host, AttachmentId attachment) {
    return office
        .gate()
        .read(() -> {
          Optional<Holding> holding = holding(attachment);
          if (holding.isPresent() && !holding.get().host().equals(host)) {
            throw new KurveException(
                ErrorCode.NOT_FOUND,
                attachment + " is of host " + holding.get().host() + ", not " + host,
                "nothing: this host has nothing to give up");
          }
          if (holding.isPresent()) {
            leases.atRest(attachment);
          }
          return attachment;
        })
        .thenCompose(volumes::fence);
  }

  @Override
  public CompletionStage<SegmentMapping> segment(
      VolumeId volume, AttachmentId attachment, long segmentIndex, boolean allocate) {
    return office
        .gate()
        .read(() -> {
          Optional<SegmentMap> found = mapped(volume, attachment, segmentIndex);
          if (found.isEmpty() && !allocate) {
            leases.toldNotMapped(attachment);
          }
          return found;
        })
        .thenCompose(found ->
            found.isPresent() || !allocate
                ? CompletableFuture.completedStage(found)
                : office.gate().write(() -> decideMap(volume, attachment, segmentIndex)))
        .thenCompose(found ->
            found.isPresent()
                ? granted(attachment, found.get())
                : CompletableFuture.completedStage(
                    new SegmentMapping(Optional.empty(), List.of())));
  }

  @Override
  public CompletionStage<List<CopysetPlacement>> placements(List<CopysetId> copysets) {
    return office.gate().read(() -> copysets.stream().map(this::placement).toList());
  }

  @Override
  public CompletionStage<Volume> volume(VolumeId volume) {
    return office.gate().read(() -> office.image().describe(volumes.active(volume)));
  }

  private Optional<SegmentMap> mapped(VolumeId volumeId, AttachmentId attachment, long index) {
    checkOpen(volumeId, attachment);
    VolumeRecord volume = volumes.active(volumeId);
    if (index < 0 || index >= Math.ceilDiv(volume.sizeBytes(), Geometry.SEGMENT_BYTES)) {
      throw VolumeRules.invalid(
          "segment " + index + " is not in volume " + volume.name(),
          "stay within its " + volume.sizeBytes() + " bytes");
    }
    return Optional.ofNullable(office.image().segmentsOf(volumeId).get(index))
        .map(SegmentRecord::map);
  }

  private Decision<Optional<SegmentMap>> decideMap(
      VolumeId volumeId, AttachmentId attachment, long index) {
    Optional<SegmentMap> found = mapped(volumeId, attachment, index);
    if (found.isPresent()) {
      return Decision.reply(found);
    }
    VolumeRecord volume = volumes.active(volumeId);
    Ids.Taken chunks = office.ids().take(IdKind.GENERAL, Geometry.CHUNKS_PER_SEGMENT);
    long chunksLeft =
        volume.sizeBytes() / Geometry.CHUNK_BYTES - index * Geometry.CHUNKS_PER_SEGMENT;
    List<CopysetId> copysets =
        ground
            .allocators()
            .get()
            .allocate(
                "segment " + index + " of volume " + volume.name(),
                (int) Math.min(Geometry.CHUNKS_PER_SEGMENT, chunksLeft),
                volumeId.value() + index);
    SegmentMap map = new SegmentMap(volumeId, index, new ChunkId(chunks.first()), copysets);
    List<Change> changes = new ArrayList<>(chunks.changes());
    changes.add(new Change.Put(new SegmentRecord(map)));
    return new Decision<>(changes, () -> Optional.of(map));
  }

  private CompletionStage<SegmentMapping> granted(AttachmentId attachment, SegmentMap map) {
    SortedSet<CopysetId> copysets = new TreeSet<>(map.copysets());
    return grants
        .ensureSoon(map.volume(), copysets)
        .thenCompose(_ ->
            office
                .gate()
                .read(() -> {
                  checkOpen(map.volume(), attachment);
                  return new SegmentMapping(
                      Optional.of(map), copysets.stream().map(this::placement).toList());
                }));
  }

  private CopysetPlacement placement(CopysetId id) {
    CopysetRecord copyset = office.image().copysets().get(id);
    if (copyset == null) {
      throw new KurveException(
          ErrorCode.NOT_FOUND, id + " does not exist", "ask for copysets that a segment names");
    }
    return ground.placement().apply(copyset);
  }

  private Optional<Holding> holding(AttachmentId id) {
    return office
        .image()
        .volumeOf(id)
        .flatMap(volume ->
            office.image().attachments(volume).record().holdings().stream()
                .filter(holding -> holding.id().equals(id))
                .findFirst());
  }

  /** Rule: what is being fenced, or was, looks nothing up any more. */
  private void checkOpen(VolumeId volume, AttachmentId attachment) {
    behind.check(attachment);
    boolean open =
        office.image().volumeOf(attachment).filter(volume::equals).isPresent()
            && holding(attachment).filter(holding -> !holding.fencing()).isPresent();
    if (!open) {
      throw fenced(attachment);
    }
  }

  static KurveException fenced(AttachmentId attachment) {
    return new KurveException(
        ErrorCode.FENCED,
        attachment + " does not hold the volume any more",
        "attach the volume anew: its old device answers only errors");
  }
}
