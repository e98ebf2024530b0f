package io.kurve.blockdev.loop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kurve.blockdev.posix.DescriptorOwner;
import io.kurve.blockdev.posix.Posix;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.AttachmentId;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class DirectFlagTest {
  @TempDir Path directory;

  /** The loop driver drops the flag without a word on a file system that has no direct I/O. */
  @Test
  void rule30ADeviceWithoutDirectIoIsRefused() throws Exception {
    Posix posix = new Posix();
    DescriptorOwner descriptors = new DescriptorOwner(posix);
    LoopDevices loops = new LoopDevices(posix, descriptors);
    posix.mount("ramfs", directory.toString(), "ramfs", Posix.MS_NOSUID, "");
    try {
      Path file = Files.write(directory.resolve("file"), new byte[1 << 20]);

      assertThatThrownBy(() -> loops.configure(new AttachmentId(1), file, 4096))
          .isInstanceOfSatisfying(
              KurveException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.UNSUPPORTED))
          .hasMessageContaining("would not do direct I/O");

      assertThat(loops.boundBelow(directory)).isEmpty();
      assertThat(descriptors.all()).isEmpty();
    } finally {
      posix.unmount(directory.toString(), Posix.MNT_DETACH);
    }
  }
}
