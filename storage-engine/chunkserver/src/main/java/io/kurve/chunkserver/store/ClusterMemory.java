package io.kurve.chunkserver.store;

import io.kurve.core.id.ChunkserverId;
import java.util.Optional;

/**
 * What a store remembers of its cluster, whoever forgets it there: its own id, and the highest of
 * each number that it has seen. None of them ever falls.
 *
 * @param chunkserverId 0 until the MDS gave one
 * @param mdsTerm the highest seen
 * @param metastoreRevision the highest seen
 * @param highestId of volumes, chunks, copysets and chunkservers seen
 * @param highestAttachmentId the highest seen
 */
public record ClusterMemory(
    long chunkserverId,
    long mdsTerm,
    long metastoreRevision,
    long highestId,
    long highestAttachmentId) {
  public static final ClusterMemory EMPTY = new ClusterMemory(0, 0, 0, 0, 0);

  public Optional<ChunkserverId> chunkserver() {
    return chunkserverId == 0 ? Optional.empty() : Optional.of(new ChunkserverId(chunkserverId));
  }

  public ClusterMemory withChunkserver(ChunkserverId id) {
    return new ClusterMemory(
        id.value(), mdsTerm, metastoreRevision, highestId, highestAttachmentId);
  }

  /** The higher one of each number. */
  ClusterMemory raisedBy(ClusterMemory other) {
    return new ClusterMemory(
        Math.max(chunkserverId, other.chunkserverId),
        Math.max(mdsTerm, other.mdsTerm),
        Math.max(metastoreRevision, other.metastoreRevision),
        Math.max(highestId, other.highestId),
        Math.max(highestAttachmentId, other.highestAttachmentId));
  }
}
