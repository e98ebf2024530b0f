package io.kurve.blockdev.keeper;

import io.kurve.core.id.AttachmentId;
import io.kurve.core.id.VolumeId;

/**
 * What a successor must know of an attachment besides its descriptors.
 *
 * @param device the loop device and its stable name
 * @param kernel what was agreed on with the kernel
 */
public record KeptAttachment(
    AttachmentId attachment, KeptVolume volume, KeptDevice device, KernelTerms kernel) {
  /** The volume as it was known last. */
  public record KeptVolume(
      VolumeId id,
      String name,
      long sizeBytes,
      int logicalBlockBytes,
      boolean shared,
      long sequence) {}

  /**
   * @param loop number of the loop device
   * @param link to it
   */
  public record KeptDevice(int loop, String link) {}

  /**
   * @param resends whether the kernel sends unanswered requests again
   */
  public record KernelTerms(int maxBackground, int maxWriteBytes, boolean resends) {}
}
