package io.kurve.core.metadata;

import io.kurve.core.id.AttachmentId;
import io.kurve.core.id.ChunkserverId;
import io.kurve.core.id.VolumeId;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;

/**
 * What people and programs ask of the MDS about volumes. Stages end exceptionally with a {@link
 * io.kurve.core.failure.KurveException}.
 */
public interface VolumeAdmin {
  /**
   * @param requestId a retry with the same one gets the same volume; another one with a taken name
   *     is ALREADY_EXISTS
   */
  CompletionStage<Volume> create(String requestId, NewVolume volume);

  CompletionStage<List<VolumeUse>> list();

  CompletionStage<VolumeUse> info(String name);

  /** Grows only; the same size again is no error. */
  CompletionStage<Volume> resize(String name, long sizeBytes);

  /**
   * Puts it into the recycle bin, or destroys it when it need not be kept. Its name is free for
   * another volume then. Given again it ends well and touches nothing: the id is never another
   * volume's.
   *
   * @param retention how long it can be had back; empty: as the cluster's policy says
   */
  CompletionStage<Void> delete(VolumeId volume, Optional<Duration> retention);

  /**
   * Takes it out of the recycle bin. NOT_FOUND when its destruction has begun, ALREADY_EXISTS when
   * another volume has the name.
   *
   * @param name that it has from now on
   */
  CompletionStage<Volume> undelete(VolumeId volume, String name);

  /**
   * Destroys what is in the recycle bin. Ends when the tombstone is durable; the space comes back
   * in the background. Given again it ends well; IN_USE when it is not deleted.
   */
  CompletionStage<Void> purge(VolumeId volume);

  /** Ends when no copyset admits the attachment: its holder can do no more harm. */
  CompletionStage<Void> fence(AttachmentId attachment);

  CompletionStage<VolumePolicy> policy();

  /** Ends with what holds from now on; what lies in the recycle bin keeps the time it was given. */
  CompletionStage<VolumePolicy> changePolicy(PolicyChange change);

  /** Says that the MDS's clock is right, after it has jumped: then retention goes on to end. */
  CompletionStage<Void> confirmClock();

  /**
   * Has what a disk holds moved to other disks, and lets no more come; or ends that, when moves
   * that have begun go on. Ends when it is on record. Given again it ends well; NOT_FOUND when
   * there is no such disk.
   */
  CompletionStage<Void> drain(ChunkserverId disk, boolean drains);

  /** What is empty stays as it is. */
  record PolicyChange(Optional<Integer> overcommitPercent, Optional<Duration> retention) {
    public VolumePolicy of(VolumePolicy before) {
      return new VolumePolicy(
          overcommitPercent.orElse(before.overcommitPercent()),
          retention.orElse(before.retention()));
    }
  }

  record NewVolume(String name, long sizeBytes, int logicalBlockBytes, boolean shared) {}

  /**
   * @param purgeProgress of one that is being destroyed
   * @param bin of one in the recycle bin
   */
  record VolumeUse(
      Volume volume,
      List<Attachment> attachments,
      Optional<String> purgeProgress,
      Optional<InBin> bin) {}

  /**
   * @param left until it is destroyed, in time that an MDS has led
   */
  record InBin(Instant deleted, Duration left) {}
}
