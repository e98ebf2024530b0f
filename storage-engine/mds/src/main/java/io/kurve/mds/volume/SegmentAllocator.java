package io.kurve.mds.volume;

import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.ChunkserverId;
import io.kurve.core.id.CopysetId;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.metadata.PoolCapacity;
import io.kurve.core.unit.ByteSize;
import io.kurve.core.unit.Geometry;
import io.kurve.mds.record.StoredRecord.ChunkserverRecord;
import io.kurve.mds.record.StoredRecord.CopysetRecord;
import io.kurve.mds.state.Image;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.function.ToIntFunction;
import java.util.function.ToLongFunction;
import java.util.stream.Stream;

/**
 * Chooses copysets for chunks, by the room that is left.
 *
 * <pre>
 *   free(disk)    = usable slots - max(chunks promised to its copysets, slots in use)
 *   free(copyset) = the least free of its members
 *   each chunk goes to the copyset with the highest free / (1 + chunks it got in this segment)
 * </pre>
 *
 * So a segment is spread in proportion to free room, and a disk that is full gets nothing. What is
 * promised counts although nothing is written yet: a promise is kept, or not made.
 */
public final class SegmentAllocator {
  private final Image image;
  private final Predicate<CopysetRecord> usable;
  private final Map<ChunkserverId, Long> free = new TreeMap<>();

  /**
   * @param usable copysets that have a quorum
   * @param slotsInUse as the disk reported last
   */
  public SegmentAllocator(
      Image image, Predicate<CopysetRecord> usable, ToIntFunction<ChunkserverRecord> slotsInUse) {
    this.image = image;
    this.usable = usable;
    Map<ChunkserverId, Long> promised = promisedSlots(image);
    for (ChunkserverRecord disk : image.chunkservers().values()) {
      long taken = Math.max(promised.getOrDefault(disk.id(), 0L), slotsInUse.applyAsInt(disk));
      free.put(disk.id(), PoolCapacity.usableSlots(disk.slots()) - taken);
    }
  }

  /** What the pool holds, with all its disks there; empty before it is founded. */
  public static Optional<ByteSize> capacity(Image image) {
    return fits(image, disk -> PoolCapacity.usableSlots(disk.slots()));
  }

  /** What can still be mapped; empty before the pool is founded. */
  public Optional<ByteSize> left() {
    return fits(image, this::left);
  }

  /** Slots of a disk that can still be promised. */
  public long left(ChunkserverRecord disk) {
    return Math.max(0, free.getOrDefault(disk.id(), 0L));
  }

  private static Optional<ByteSize> fits(Image image, ToLongFunction<ChunkserverRecord> slots) {
    Map<String, Long> usable = new TreeMap<>();
    image.copysets().values().stream()
        .flatMap(copyset -> copyset.membership().voters().stream())
        .map(ReplicaId::chunkserver)
        .distinct()
        .flatMap(id -> image.chunkserver(id).stream())
        .forEach(disk -> usable.merge(disk.failureDomain(), slots.applyAsLong(disk), Long::sum));
    return image
        .cluster()
        .filter(_ -> !usable.isEmpty())
        .map(cluster -> PoolCapacity.of(usable.values(), cluster.replicas()));
  }

  /** Of all that is promised, also to replicas that are being made (rule 9). */
  private static Map<ChunkserverId, Long> promisedSlots(Image image) {
    Map<ChunkserverId, Long> promised = new TreeMap<>();
    for (CopysetRecord copyset : image.copysets().values()) {
      long chunks = image.promisedChunks(copyset.copyset().id());
      members(copyset).forEach(member -> promised.merge(member.chunkserver(), chunks, Long::sum));
    }
    return promised;
  }

  /**
   * A copyset for each chunk of a segment; those past the volume's end need no room yet.
   *
   * @param salt turns the order in which equally free copysets take their turns
   * @throws KurveException NO_SPACE or UNAVAILABLE
   */
  List<CopysetId> allocate(String what, int chunksInUse, long salt) {
    List<CopysetRecord> candidates = image.copysets().values().stream().filter(usable).toList();
    if (candidates.isEmpty()) {
      throw new KurveException(
          ErrorCode.UNAVAILABLE,
          what + " can't be mapped: no copyset has a quorum of its disks",
          "see `kurve cluster status`");
    }
    int[] got = new int[candidates.size()];
    int turn = (int) Math.floorMod(salt, (long) candidates.size());
    List<CopysetId> chosen = new ArrayList<>();
    for (int chunk = 0; chunk < Geometry.CHUNKS_PER_SEGMENT; chunk++) {
      boolean needsRoom = chunk < chunksInUse;
      int best = -1;
      double bestWeight = 0;
      for (int i = 0; i < candidates.size(); i++) {
        int at = (turn + i) % candidates.size();
        long room = freeOf(candidates.get(at));
        double weight = (double) Math.max(room, needsRoom ? 0 : 1) / (1 + got[at]);
        if (weight > bestWeight) {
          best = at;
          bestWeight = weight;
        }
      }
      if (best < 0) {
        throw noSpace(what, chunksInUse, chunk);
      }
      got[best]++;
      chosen.add(candidates.get(best).copyset().id());
      if (needsRoom) {
        take(candidates.get(best));
      }
    }
    return chosen;
  }

  /**
   * Checks the room for chunks whose copysets are chosen already: a mapped segment's that a growing
   * volume reaches now.
   */
  void promise(String what, List<CopysetId> copysets) {
    for (int i = 0; i < copysets.size(); i++) {
      CopysetRecord copyset = image.copysets().get(copysets.get(i));
      if (copyset == null || freeOf(copyset) < 1) {
        throw noSpace(what, copysets.size(), i);
      }
      take(copyset);
    }
  }

  private long freeOf(CopysetRecord copyset) {
    return members(copyset)
        .map(ReplicaId::chunkserver)
        .mapToLong(id -> free.getOrDefault(id, 0L))
        .min()
        .orElse(0);
  }

  private void take(CopysetRecord copyset) {
    members(copyset).forEach(m -> free.merge(m.chunkserver(), -1L, Long::sum));
  }

  private static Stream<ReplicaId> members(CopysetRecord copyset) {
    return Stream.concat(
        copyset.membership().voters().stream(), copyset.membership().learners().stream());
  }

  private static KurveException noSpace(String what, int needed, int had) {
    return new KurveException(
        ErrorCode.NO_SPACE,
        what
            + " needs "
            + new ByteSize((long) needed * Geometry.CHUNK_BYTES)
            + " on each of its disks; "
            + new ByteSize((long) had * Geometry.CHUNK_BYTES)
            + " are free and not promised",
        "delete volumes, purge deleted ones, or add disks");
  }
}
