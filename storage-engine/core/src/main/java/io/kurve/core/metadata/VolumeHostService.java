package io.kurve.core.metadata;

import io.kurve.core.id.AttachmentId;
import io.kurve.core.id.VolumeId;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletionStage;

/**
 * A volume host's API on its unix socket. Stages end exceptionally with a {@link
 * io.kurve.core.failure.KurveException}.
 */
public interface VolumeHostService {
  /**
   * Ends when the device can be used. A volume that is attached here already gives the same device.
   * A holder elsewhere whose lease has run out loses the volume.
   *
   * @param takeOver attachments that lose it however alive they are
   */
  CompletionStage<AttachedDevice> attach(String volumeName, Set<AttachmentId> takeOver);

  default CompletionStage<AttachedDevice> attach(String volumeName) {
    return attach(volumeName, Set.of());
  }

  /**
   * IN_USE while the device is mounted, naming the mount point.
   *
   * @param force everything that waits or comes later ends with EIO; the device goes as soon as
   *     nobody holds it
   */
  CompletionStage<Void> detach(String volumeName, boolean force);

  CompletionStage<List<AttachedDevice>> list();

  CompletionStage<AttachedDevice> info(String volumeName);

  /** Takes over the size that the MDS has now; the device has grown when it ends. */
  CompletionStage<AttachedDevice> resize(String volumeName);

  /**
   * @param device such as /dev/loop3
   * @param link stable, by the volume's name
   * @param mounts where it is mounted now
   */
  record AttachedDevice(
      String volumeName,
      VolumeId volume,
      AttachmentId attachment,
      String device,
      String link,
      long sizeBytes,
      DeviceState state,
      List<String> mounts) {}

  enum DeviceState {
    READY,
    /** Every request ends with EIO, for ever: the attachment is fenced or was detached by force. */
    FAILED
  }
}
