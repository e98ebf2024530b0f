package io.kurve.mds.state;

import io.kurve.core.id.AttachmentId;
import io.kurve.core.id.ChunkserverId;
import io.kurve.core.id.CopysetId;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.id.StoreId;
import io.kurve.core.id.VolumeId;
import io.kurve.core.metadata.Volume;
import io.kurve.core.metadata.VolumePolicy;
import io.kurve.core.unit.Geometry;
import io.kurve.mds.record.StoredRecord.AttachmentsRecord;
import io.kurve.mds.record.StoredRecord.ChunkserverRecord;
import io.kurve.mds.record.StoredRecord.ClusterRecord;
import io.kurve.mds.record.StoredRecord.CopysetRecord;
import io.kurve.mds.record.StoredRecord.DrainRecord;
import io.kurve.mds.record.StoredRecord.DurableRecord;
import io.kurve.mds.record.StoredRecord.Holding;
import io.kurve.mds.record.StoredRecord.IdCounterRecord;
import io.kurve.mds.record.StoredRecord.IdKind;
import io.kurve.mds.record.StoredRecord.MoveRecord;
import io.kurve.mds.record.StoredRecord.PolicyRecord;
import io.kurve.mds.record.StoredRecord.RetentionClockRecord;
import io.kurve.mds.record.StoredRecord.RetiredRecord;
import io.kurve.mds.record.StoredRecord.SegmentRecord;
import io.kurve.mds.record.StoredRecord.VolumeRecord;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * All that the metadata store holds, in memory and indexed. Only {@link #replay} changes it, with
 * what was applied; so it is the same whether built by one leader's transactions or read anew.
 */
public final class Image {
  private @Nullable ClusterRecord cluster;
  private VolumePolicy policy = VolumePolicy.STANDARD;
  private RetentionClockRecord retentionClock = RetentionClockRecord.START;
  private final Map<IdKind, Long> reservedIds = new EnumMap<>(IdKind.class);
  private final NavigableMap<ChunkserverId, ChunkserverRecord> chunkservers = new TreeMap<>();
  private final Map<StoreId, ChunkserverId> chunkserverOfStore = new TreeMap<>();
  private final Map<ChunkserverId, DurableRecord> durable = new TreeMap<>();
  private final NavigableMap<CopysetId, CopysetRecord> copysets = new TreeMap<>();
  private final Map<CopysetId, Long> copysetRevisions = new TreeMap<>();
  private final NavigableMap<ChunkserverId, DrainRecord> drains = new TreeMap<>();
  private final NavigableMap<CopysetId, MoveRecord> moves = new TreeMap<>();
  private final NavigableMap<String, Versioned<RetiredRecord>> retired = new TreeMap<>();
  private final NavigableMap<VolumeId, Versioned<VolumeRecord>> volumes = new TreeMap<>();
  private final Map<String, VolumeId> activeNames = new TreeMap<>();
  private final Map<VolumeId, Versioned<AttachmentsRecord>> attachments = new TreeMap<>();
  private final Map<AttachmentId, VolumeId> volumeOfAttachment = new TreeMap<>();
  private final Map<VolumeId, NavigableMap<Long, SegmentRecord>> segments = new TreeMap<>();
  private final Map<CopysetId, Long> promisedChunks = new TreeMap<>();
  private long revision;
  private long loads;

  /** Empties it before all is read again. */
  public void clear() {
    cluster = null;
    policy = VolumePolicy.STANDARD;
    retentionClock = RetentionClockRecord.START;
    reservedIds.clear();
    chunkservers.clear();
    chunkserverOfStore.clear();
    durable.clear();
    copysets.clear();
    copysetRevisions.clear();
    drains.clear();
    moves.clear();
    retired.clear();
    volumes.clear();
    activeNames.clear();
    attachments.clear();
    volumeOfAttachment.clear();
    segments.clear();
    promisedChunks.clear();
    loads++;
  }

  /**
   * @param atRevision of the transaction that made the change
   */
  public void replay(Change change, long atRevision) {
    switch (change) {
      case Change.Put put -> put(put, atRevision);
      case Change.Remove remove -> remove(remove);
    }
    reached(atRevision);
  }

  /** The image holds all up to this revision. */
  public void reached(long atRevision) {
    revision = Math.max(revision, atRevision);
  }

  private void put(Change.Put put, long atRevision) {
    switch (put.record()) {
      case ClusterRecord r -> cluster = r;
      case PolicyRecord r -> policy = r.policy();
      case RetentionClockRecord r -> retentionClock = r;
      case IdCounterRecord r -> reservedIds.put(r.kind(), r.reservedThrough());
      case ChunkserverRecord r -> {
        chunkservers.put(r.id(), r);
        chunkserverOfStore.put(r.replica().store(), r.id());
      }
      case DurableRecord r -> durable.put(r.chunkserver(), r);
      case CopysetRecord r -> {
        copysets.put(r.copyset().id(), r);
        copysetRevisions.put(r.copyset().id(), atRevision);
      }
      case DrainRecord r -> drains.put(r.chunkserver(), r);
      case MoveRecord r -> moves.put(r.copyset(), r);
      case RetiredRecord r -> retired.put(r.key(), new Versioned<>(r, atRevision));
      case VolumeRecord r -> putVolume(r, atRevision);
      case AttachmentsRecord r -> putAttachments(r, atRevision);
      case SegmentRecord r -> {
        segments.computeIfAbsent(r.map().volume(), v -> new TreeMap<>()).put(r.map().index(), r);
        promise(r, 0, chunksOf(r.map().volume()), 1);
      }
    }
  }

  private void remove(Change.Remove remove) {
    switch (remove.record()) {
      case ClusterRecord _ -> cluster = null;
      case PolicyRecord _ -> policy = VolumePolicy.STANDARD;
      case RetentionClockRecord _ -> retentionClock = RetentionClockRecord.START;
      case IdCounterRecord r -> reservedIds.remove(r.kind());
      case ChunkserverRecord r -> {
        chunkservers.remove(r.id());
        chunkserverOfStore.remove(r.replica().store());
      }
      case DurableRecord r -> durable.remove(r.chunkserver());
      case CopysetRecord r -> {
        copysets.remove(r.copyset().id());
        copysetRevisions.remove(r.copyset().id());
      }
      case DrainRecord r -> drains.remove(r.chunkserver());
      case MoveRecord r -> moves.remove(r.copyset());
      case RetiredRecord r -> retired.remove(r.key());
      case VolumeRecord r -> {
        volumes.remove(r.id());
        activeNames.remove(r.name(), r.id());
      }
      case AttachmentsRecord r -> {
        attachments.remove(r.volume());
        volumeOfAttachment.values().removeIf(r.volume()::equals);
      }
      case SegmentRecord r -> {
        promise(r, 0, chunksOf(r.map().volume()), -1);
        NavigableMap<Long, SegmentRecord> ofVolume = segments.get(r.map().volume());
        if (ofVolume != null) {
          ofVolume.remove(r.map().index());
          if (ofVolume.isEmpty()) {
            segments.remove(r.map().volume());
          }
        }
      }
    }
  }

  private void putVolume(VolumeRecord r, long atRevision) {
    long chunksBefore = chunksOf(r.id());
    volumes.put(r.id(), new Versioned<>(r, atRevision));
    long chunksNow = chunksOf(r.id());
    for (SegmentRecord segment : segmentsOf(r.id()).values()) {
      promise(segment, chunksBefore, chunksNow, 1);
    }
    switch (r.state()) {
      case ACTIVE -> activeNames.put(r.name(), r.id());
      case DELETED, DELETING -> activeNames.remove(r.name(), r.id());
    }
  }

  private void putAttachments(AttachmentsRecord r, long atRevision) {
    Versioned<AttachmentsRecord> before = attachments.get(r.volume());
    boolean sameAdmitted = before != null && admitted(before.record()).equals(admitted(r));
    long admissionRevision = sameAdmitted && before != null ? before.revision() : atRevision;
    attachments.put(r.volume(), new Versioned<>(r, admissionRevision));
    volumeOfAttachment.values().removeIf(r.volume()::equals);
    r.holdings().forEach(holding -> volumeOfAttachment.put(holding.id(), r.volume()));
  }

  /** Counts those chunks of a segment whose index in the volume is in [from, to). */
  private void promise(SegmentRecord segment, long from, long to, int sign) {
    long first = segment.map().index() * Geometry.CHUNKS_PER_SEGMENT;
    for (int i = 0; i < segment.map().copysets().size(); i++) {
      if (first + i >= from && first + i < to) {
        promisedChunks.merge(segment.map().copysets().get(i), (long) sign, Long::sum);
      }
    }
  }

  private long chunksOf(VolumeId volume) {
    Versioned<VolumeRecord> found = volumes.get(volume);
    return found == null ? 0 : found.record().sizeBytes() / Geometry.CHUNK_BYTES;
  }

  public static NavigableSet<AttachmentId> admitted(AttachmentsRecord record) {
    return record.holdings().stream()
        .filter(holding -> !holding.fencing())
        .map(Holding::id)
        .collect(Collectors.toCollection(TreeSet::new));
  }

  public Optional<ClusterRecord> cluster() {
    return Optional.ofNullable(cluster);
  }

  public VolumePolicy policy() {
    return policy;
  }

  public RetentionClockRecord retentionClock() {
    return retentionClock;
  }

  public long revision() {
    return revision;
  }

  /** How often it has been read anew. */
  public long loads() {
    return loads;
  }

  public long reservedThrough(IdKind kind) {
    return reservedIds.getOrDefault(kind, 0L);
  }

  public NavigableMap<ChunkserverId, ChunkserverRecord> chunkservers() {
    return Collections.unmodifiableNavigableMap(chunkservers);
  }

  public Optional<ChunkserverRecord> chunkserver(ChunkserverId id) {
    return Optional.ofNullable(chunkservers.get(id));
  }

  public Optional<ChunkserverRecord> chunkserverOf(StoreId store) {
    return Optional.ofNullable(chunkserverOfStore.get(store)).flatMap(this::chunkserver);
  }

  public Optional<DurableRecord> durable(ChunkserverId id) {
    return Optional.ofNullable(durable.get(id));
  }

  public NavigableMap<CopysetId, CopysetRecord> copysets() {
    return Collections.unmodifiableNavigableMap(copysets);
  }

  /** Disks that are to be emptied. */
  public NavigableMap<ChunkserverId, DrainRecord> drains() {
    return Collections.unmodifiableNavigableMap(drains);
  }

  /** Replicas that are being moved. */
  public NavigableMap<CopysetId, MoveRecord> moves() {
    return Collections.unmodifiableNavigableMap(moves);
  }

  /** Tombstones of replicas, with the revision that each was written at. */
  public List<Versioned<RetiredRecord>> retired() {
    return List.copyOf(retired.values());
  }

  /** The revision of the last change of the copyset's record. */
  public long changedAt(CopysetId copyset) {
    return copysetRevisions.getOrDefault(copyset, 0L);
  }

  /** Whether the MDS counts this replica to the copyset. */
  public boolean belongs(ReplicaId replica, CopysetKey copyset) {
    CopysetRecord record = copysets.get(copyset.id());
    return record != null && record.copyset().equals(copyset) && record.hasMember(replica);
  }

  /** With the revision of the record's last change. */
  public NavigableMap<VolumeId, Versioned<VolumeRecord>> volumes() {
    return Collections.unmodifiableNavigableMap(volumes);
  }

  public Optional<VolumeRecord> volume(VolumeId id) {
    return Optional.ofNullable(volumes.get(id)).map(Versioned::record);
  }

  public Optional<VolumeRecord> activeVolume(String name) {
    return Optional.ofNullable(activeNames.get(name)).flatMap(this::volume);
  }

  /** With the revision of the last change of who is admitted. */
  public Versioned<AttachmentsRecord> attachments(VolumeId volume) {
    Versioned<AttachmentsRecord> found = attachments.get(volume);
    return found == null ? new Versioned<>(new AttachmentsRecord(volume, List.of()), 0) : found;
  }

  public Optional<VolumeId> volumeOf(AttachmentId attachment) {
    return Optional.ofNullable(volumeOfAttachment.get(attachment));
  }

  public SortedMap<Long, SegmentRecord> segmentsOf(VolumeId volume) {
    NavigableMap<Long, SegmentRecord> found = segments.get(volume);
    return found == null ? Collections.emptySortedMap() : Collections.unmodifiableSortedMap(found);
  }

  /**
   * Every copyset that a grant of this volume may ever have been sent to: grants go only to
   * copysets that a segment names, and segments stay until the volume is purged.
   */
  public NavigableSet<CopysetId> everGranted(VolumeId volume) {
    return segmentsOf(volume).values().stream()
        .flatMap(segment -> segment.map().copysets().stream())
        .collect(Collectors.toCollection(TreeSet::new));
  }

  /** Chunks that may be created there, whether they have been or not. */
  public long promisedChunks(CopysetId copyset) {
    return promisedChunks.getOrDefault(copyset, 0L);
  }

  /** In segments that are mapped and up to the volume's end. */
  public long mappedBytes(VolumeId volume) {
    long end = chunksOf(volume);
    long chunks = 0;
    for (long index : segmentsOf(volume).keySet()) {
      long first = index * Geometry.CHUNKS_PER_SEGMENT;
      chunks += Math.max(0, Math.min(Geometry.CHUNKS_PER_SEGMENT, end - first));
    }
    return chunks * Geometry.CHUNK_BYTES;
  }

  public Volume describe(VolumeRecord r) {
    return new Volume(
        r.id(),
        r.name(),
        r.sizeBytes(),
        r.logicalBlockBytes(),
        r.shared(),
        r.sequence(),
        r.state(),
        r.created(),
        r.formatted(),
        mappedBytes(r.id()));
  }
}
