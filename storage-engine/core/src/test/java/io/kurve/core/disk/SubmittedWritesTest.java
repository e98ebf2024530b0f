package io.kurve.core.disk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kurve.core.disk.SubmittedWrites.Calls;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SubmittedWritesTest {
  @TempDir Path folder = Path.of("");

  private SubmittedWrites writes(Path path) {
    return Objects.requireNonNull(SubmittedWrites.open(path), "this kernel gives none");
  }

  @Test
  void theCallsNumbersAreTheArchitecturesOwn() {
    assertThat(SubmittedWrites.calls("amd64")).isEqualTo(new Calls(206, 207, 208, 209));
    assertThat(SubmittedWrites.calls("aarch64")).isEqualTo(new Calls(0, 1, 4, 2));
    assertThat(SubmittedWrites.calls("vax")).isNull();
  }

  @Test
  void whatWasSubmittedIsWritten() throws IOException {
    Path path = Files.write(folder.resolve("disk"), new byte[8192]);
    ByteBuffer page = Disk.allocateAligned(4096).putLong(0, 42);
    try (NativeFile file = NativeFile.open(path, NativeFile.READ_WRITE);
        SubmittedWrites writes = writes(path)) {
      assertThat(writes.write(file, 4096, page)).isTrue();
    }
    assertThat(page.hasRemaining()).isFalse();
    assertThat(ByteBuffer.wrap(Files.readAllBytes(path)).getLong(4096)).isEqualTo(42);
  }

  @Test
  void rule02AWriteThatTheKernelRefusesFails() throws IOException {
    Path path = Files.write(folder.resolve("disk"), new byte[8192]);
    try (NativeFile file = NativeFile.open(path, NativeFile.READ_ONLY);
        SubmittedWrites writes = writes(path)) {
      assertThatThrownBy(() -> writes.write(file, 0, Disk.allocateAligned(4096)))
          .isInstanceOf(IOException.class)
          .hasMessage("can't write " + path + " at 0: errno 9");
    }
  }

  @Test
  void aClosedOneBeginsNothing() throws IOException {
    Path path = Files.write(folder.resolve("disk"), new byte[8192]);
    try (NativeFile file = NativeFile.open(path, NativeFile.READ_WRITE)) {
      SubmittedWrites writes = writes(path);
      writes.close();
      writes.close();
      assertThat(writes.write(file, 0, Disk.allocateAligned(4096))).isFalse();
    }
  }
}
