package io.kurve.core.metadata;

import io.kurve.core.id.AttachmentId;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.id.MdsTerm;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.id.StoreStart;
import io.kurve.core.log.Membership;
import java.util.List;
import java.util.Optional;

/**
 * A heartbeat: what a chunkserver has, and the highest of everything that it has ever seen.
 *
 * @param outOfService replicas that are here and can't run
 */
public record ChunkserverReport(
    ReplicaId replica,
    StoreStart start,
    Seen seen,
    Capacity capacity,
    Optional<String> diskFailure,
    List<CopysetReport> copysets,
    List<OutOfService> outOfService) {

  /** The same, of a disk that fails. */
  public ChunkserverReport withDiskFailure(String why) {
    return new ChunkserverReport(
        replica, start, seen, capacity, Optional.of(why), copysets, outOfService);
  }

  /**
   * The copyset's replica here neither votes nor serves, until somebody does something.
   *
   * @param needsMove nothing is wrong with it but that its disk has no room for what is committed
   */
  public record OutOfService(CopysetKey copyset, String why, boolean needsMove) {}

  /** Persisted by the chunkserver; an MDS that knows less than this serves nothing. */
  public record Seen(
      MdsTerm term, long metastoreRevision, long highestId, AttachmentId highestAttachment) {}

  public record Capacity(int slots, int slotsUsed, long logBytes, long logBytesUsed) {}

  /**
   * @param durableIndex the last entry that is durable in the replica's own log and known to be
   *     committed: it never goes away again
   * @param damagedBlocks found bad and not repaired yet
   */
  public record CopysetReport(
      CopysetKey copyset,
      boolean leading,
      long term,
      long durableIndex,
      long appliedIndex,
      Membership membership,
      List<ReplicaId> lagging,
      long damagedBlocks,
      boolean installing) {}
}
