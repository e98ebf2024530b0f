package io.kurve.core.disk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

final class NativeFileTest {
  @Test
  void theFlagPastTheCacheIsTheArchitecturesOwn() {
    assertThat(NativeFile.pastTheCache("amd64")).isEqualTo(0x4000);
    assertThat(NativeFile.pastTheCache("aarch64")).isEqualTo(0x10000);
    assertThatThrownBy(() -> NativeFile.pastTheCache("vax")).hasMessageContaining("vax");
  }

  @Test
  void rule02AShortWriteIsAnError() {
    assertThatCode(() -> NativeFile.requireWhole(8192, 8192, Path.of("disk"), 0))
        .doesNotThrowAnyException();
    assertThatThrownBy(() -> NativeFile.requireWhole(4096, 8192, Path.of("disk"), 0))
        .isInstanceOf(IOException.class)
        .hasMessage("can't write disk at 0: only 4096 of 8192 bytes were taken");
  }

  @Test
  void rule02AFailedWriteIsAnError() throws IOException {
    try (NativeFile full = NativeFile.open(Path.of("/dev/full"), NativeFile.READ_WRITE)) {
      assertThatThrownBy(() -> full.writeFully(0, ByteBuffer.allocate(4096), 4096))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("errno 28");
    }
  }
}
