package io.kurve.core.metadata;

import io.kurve.core.id.AttachmentId;
import io.kurve.core.id.VolumeId;
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
   * Ends when the tombstone is durable; the space comes back in the background. Given again, also
   * long after, it ends well and touches nothing: the id is never another volume's, as the name may
   * be.
   */
  CompletionStage<Void> delete(VolumeId volume);

  /** Ends when no copyset admits the attachment: its holder can do no more harm. */
  CompletionStage<Void> fence(AttachmentId attachment);

  record NewVolume(String name, long sizeBytes, int logicalBlockBytes, boolean shared) {}

  record VolumeUse(Volume volume, List<Attachment> attachments, Optional<String> purgeProgress) {}
}
