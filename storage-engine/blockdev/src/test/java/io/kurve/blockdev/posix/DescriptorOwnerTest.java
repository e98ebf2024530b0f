package io.kurve.blockdev.posix;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kurve.core.id.AttachmentId;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class DescriptorOwnerTest {
  private static final AttachmentId ONE = new AttachmentId(1);

  private final Posix posix = new Posix();
  private final DescriptorOwner owner = new DescriptorOwner(posix);

  @Test
  void aDescriptorInUseIsClosedByItsLastUser() throws Exception {
    OwnedDescriptor descriptor = own();
    assertThat(descriptor.enter()).isTrue();

    owner.close(ONE, OwnedDescriptor.Role.LOOP_DEVICE);

    assertThat(isOpen(descriptor)).isTrue();
    assertThat(descriptor.enter()).as("nobody enters any more").isFalse();
    assertThat(owner.all()).isEmpty();
    descriptor.exit();
    assertThat(isOpen(descriptor)).isFalse();
  }

  @Test
  void anIdleDescriptorIsClosedAtOnceAndOnlyOnce() throws Exception {
    OwnedDescriptor descriptor = own();
    assertThatThrownBy(() -> owner.own(ONE, OwnedDescriptor.Role.LOOP_DEVICE, -1))
        .isInstanceOf(IllegalStateException.class);

    owner.close(ONE, OwnedDescriptor.Role.LOOP_DEVICE);
    owner.close(ONE, OwnedDescriptor.Role.LOOP_DEVICE);

    assertThat(isOpen(descriptor)).isFalse();
    assertThat(descriptor.enter()).isFalse();
  }

  @Test
  void errorsNameTheCallTheObjectAndTheErrno() {
    assertThatThrownBy(() -> posix.open("/no/such/file", Posix.O_RDONLY))
        .hasMessage("open /no/such/file: ENOENT, no such file or directory");
  }

  private OwnedDescriptor own() throws PosixException {
    return owner.own(
        ONE, OwnedDescriptor.Role.LOOP_DEVICE, posix.open("/dev/null", Posix.O_RDONLY));
  }

  private static boolean isOpen(OwnedDescriptor descriptor) {
    return Files.exists(Path.of("/proc/self/fd/" + descriptor.number()));
  }
}
