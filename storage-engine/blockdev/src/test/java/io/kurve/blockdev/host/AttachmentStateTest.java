package io.kurve.blockdev.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class AttachmentStateTest {
  @Test
  void aReleasedAttachmentIsNeverUsedAgain() {
    VolumeAttachment attachment = new VolumeAttachment("demo");
    attachment.released();

    assertThat(attachment.device()).isEmpty();
    assertThatThrownBy(attachment::released).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(attachment::releasing).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void anAttachmentWithoutADeviceCanOnlyFailToOpen() {
    VolumeAttachment attachment = new VolumeAttachment("demo");

    assertThatThrownBy(attachment::releasing).isInstanceOf(IllegalStateException.class);
    attachment.failed("fenced while opening");
    assertThat(attachment.state()).isEqualTo(new AttachmentState.Opening());
    assertThat(attachment.hasFailed()).isTrue();
    attachment.released();
    assertThat(attachment.state()).isEqualTo(new AttachmentState.Released());
  }
}
