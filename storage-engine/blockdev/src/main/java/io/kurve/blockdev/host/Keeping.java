package io.kurve.blockdev.host;

import io.kurve.blockdev.host.AttachmentState.Device;
import io.kurve.core.id.AttachmentId;
import java.util.Set;

/** Where an attachment's descriptors are held besides this process. */
interface Keeping {
  /** Nobody holds them: devices die with this process. */
  Keeping NONE =
      new Keeping() {
        @Override
        public void deposit(Device device) {
          // nowhere
        }

        @Override
        public void remove(AttachmentId attachment) {
          // from nowhere
        }

        @Override
        public Set<Long> processes() {
          return Set.of();
        }
      };

  /** In place of what was deposited of the attachment before. Held when it ends, or logged. */
  void deposit(Device device);

  /** Nobody else holds its descriptors when it ends. */
  void remove(AttachmentId attachment);

  /** Who has devices open for us. */
  Set<Long> processes();
}
