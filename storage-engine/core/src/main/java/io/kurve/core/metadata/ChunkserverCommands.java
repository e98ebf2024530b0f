package io.kurve.core.metadata;

import io.kurve.core.id.AttachmentId;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.id.MdsTerm;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.id.VolumeId;
import io.kurve.core.log.Membership;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletionStage;

/**
 * What the MDS tells chunkservers. Every command names the MDS term and metastore revision; a
 * chunkserver that has seen a higher term refuses. All are idempotent. Stages end exceptionally
 * with a {@link io.kurve.core.failure.KurveException}.
 */
public interface ChunkserverCommands {
  record Authority(MdsTerm term, long metastoreRevision, long highestId) {}

  /**
   * Founds the replica of a copyset on this chunkserver, if its store is no member yet. Without
   * voters, and with the target as the learner: the replica joins a copyset that there is.
   */
  CompletionStage<Void> createCopyset(
      ReplicaId target, Authority authority, CopysetKey copyset, Membership membership);

  /**
   * Commits who may use a volume in a copyset; sent to its leader. Ends when it is applied there;
   * ends exceptionally with NOT_LEADER when the target does not lead.
   */
  CompletionStage<Void> grant(
      ReplicaId target, Authority authority, CopysetKey copyset, Grant grant);

  /**
   * @param revision of the volume's attachments: a grant of a lower one than applied is refused
   * @param admitted every attachment that may use the volume; what was admitted before and is not
   *     in here is fenced for ever
   */
  record Grant(VolumeId volume, long revision, Set<AttachmentId> admitted, boolean shared) {}

  /**
   * Frees all that a deleted volume has in a copyset; sent to its leader.
   *
   * @param deletingTransaction the revision of the transaction that made it Deleting
   */
  CompletionStage<Void> purgeVolume(
      ReplicaId target,
      Authority authority,
      CopysetKey copyset,
      VolumeId volume,
      long deletingTransaction);

  /**
   * Changes who belongs to a copyset; sent to its leader. Ends when the new membership alone is
   * committed; see {@link io.kurve.core.log.ReplicatedLog#changeMembership}. A leader that is to
   * leave hands over first, and ends this with NOT_LEADER.
   */
  CompletionStage<Void> changeMembership(
      ReplicaId target, Authority authority, CopysetKey copyset, Membership wanted);

  /**
   * Removes a replica with all its data from a chunkserver.
   *
   * @param removingTransaction the revision of the transaction that took it out of the copyset for
   *     good
   */
  CompletionStage<Void> purgeReplica(
      ReplicaId target, Authority authority, CopysetKey copyset, long removingTransaction);

  /** The chunks that a copyset holds of a volume, as its leader has applied them. */
  CompletionStage<List<Long>> chunksOf(ReplicaId target, CopysetKey copyset, VolumeId volume);
}
