package io.kurve.core.metadata;

import io.kurve.core.id.AttachmentId;
import io.kurve.core.id.CopysetId;
import io.kurve.core.id.VolumeId;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionStage;

/**
 * What an attached volume needs from the MDS. Stages end exceptionally with a {@link
 * io.kurve.core.failure.KurveException}; UNAVAILABLE, NOT_LEADER and UNKNOWN_OUTCOME are worth
 * another try, with the same arguments.
 */
public interface MetadataService {
  /**
   * How long, from when it was asked, an exclusive attachment may believe that a segment is not
   * mapped. A forced fence takes longer than that, so nobody reads zeros where the next holder has
   * written.
   */
  Duration NOT_MAPPED_HOLDS = Duration.ofSeconds(1);

  /**
   * Opens a volume for a host. Ends when nobody from whom it was taken over can do anything more.
   *
   * @param requestId the caller's; a retry with the same one gets the same attachment
   */
  CompletionStage<Opened> open(
      String volumeName, String host, String requestId, AccessMode mode, TakeOver takeOver);

  /** Takes it from nobody. */
  default CompletionStage<Opened> open(
      String volumeName, String host, String requestId, AccessMode mode) {
    return open(volumeName, host, requestId, mode, TakeOver.FROM_NOBODY);
  }

  /** Ends with those of the attachments that are fenced. */
  CompletionStage<List<AttachmentId>> renew(String host, List<AttachmentId> attachments);

  /** Ends when no copyset admits the attachment any more; NOT_FOUND if another host has it. */
  CompletionStage<Void> close(String host, AttachmentId attachment);

  /**
   * @param allocate map the segment if it is not
   */
  CompletionStage<SegmentMapping> segment(
      VolumeId volume, AttachmentId attachment, long segmentIndex, boolean allocate);

  CompletionStage<List<CopysetPlacement>> placements(List<CopysetId> copysets);

  CompletionStage<Volume> volume(VolumeId volume);

  enum AccessMode {
    EXCLUSIVE,
    SHARED
  }

  record Opened(Volume volume, AttachmentId attachment, Duration leaseDuration) {}
}
