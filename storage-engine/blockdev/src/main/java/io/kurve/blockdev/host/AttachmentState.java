package io.kurve.blockdev.host;

import io.kurve.blockdev.fuse.FuseMount;
import io.kurve.blockdev.loop.LoopDevice;
import io.kurve.client.BlockVolume;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The life of one attachment on its host. There is no way back from Failed to Serving: the next
 * attach is another attachment with another device.
 *
 * <pre>
 *   Opening ----> Serving ----> Releasing ----> Released
 *      |             |  ^          |  ^            ^
 *      |             |  +-refused--+  |            |
 *      |             v                |            |
 *      |          Failed --------->---+            |
 *      +-------------------------------------------+
 * </pre>
 */
sealed interface AttachmentState {
  /** The volume is being opened; there is no device yet. */
  record Opening() implements AttachmentState {}

  record Serving(Device device) implements AttachmentState {}

  /** Every request ends with EIO, for ever. */
  record Failed(Device device, String why) implements AttachmentState {}

  /**
   * @param failure why it had failed before, if it had
   */
  record Releasing(Device device, Optional<String> failure) implements AttachmentState {}

  record Released() implements AttachmentState {}

  /** What an attachment has on this machine. */
  record Device(BlockVolume volume, FuseMount mount, LoopDevice loop, Path link) {}

  default boolean canBecome(AttachmentState next) {
    return switch (this) {
      case Opening opening -> next instanceof Serving || next instanceof Released;
      case Serving serving -> next instanceof Failed || next instanceof Releasing;
      case Failed failed -> next instanceof Releasing;
      case Releasing releasing ->
          next instanceof Released
              || (releasing.failure().isEmpty() && next instanceof Serving)
              || next instanceof Failed;
      case Released released -> false;
    };
  }
}
