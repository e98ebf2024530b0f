package io.kurve.core.disk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.unit.ByteSize;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class PreallocationTest {
  @TempDir private Path folder;

  @Test
  void aNewFileHasItsSizeAndItsBlocks() throws Exception {
    Path file = folder.resolve("disk");
    new Preallocation().createFile(file, new ByteSize(8 << 20));
    assertThat(Files.size(file)).isEqualTo(8 << 20);
    Process stat = new ProcessBuilder("stat", "-c", "%b %B", file.toString()).start();
    String[] blocks =
        new String(stat.getInputStream().readAllBytes(), StandardCharsets.US_ASCII)
            .strip()
            .split(" ");
    assertThat(Long.parseLong(blocks[0]) * Long.parseLong(blocks[1]))
        .isGreaterThanOrEqualTo(8 << 20);
  }

  @Test
  void anExistingFileIsLeftAlone() throws Exception {
    Path file = Files.writeString(folder.resolve("disk"), "precious");
    assertThatThrownBy(() -> new Preallocation().createFile(file, new ByteSize(1 << 20)))
        .isInstanceOf(FileAlreadyExistsException.class);
    assertThat(file).hasContent("precious");
  }

  @Test
  void tooLittleSpaceIsSaidAndLeavesNothingBehind() {
    Path file = folder.resolve("disk");
    assertThatThrownBy(() -> new Preallocation().createFile(file, new ByteSize(1L << 43)))
        .isInstanceOfSatisfying(
            KurveException.class,
            e -> {
              assertThat(e.code()).isEqualTo(ErrorCode.NO_SPACE);
              assertThat(e.text()).contains("needs 8 TiB").contains("left");
            });
    assertThat(file).doesNotExist();
  }

  @Test
  void readersOfADiskKeepWritersOutAndNobodyElse() throws Exception {
    Path file = folder.resolve("disk");
    new Preallocation().createFile(file, new ByteSize(1 << 20));
    try (FileDisk owner = FileDisk.open(file)) {
      assertThat(owner.sizeBytes()).isEqualTo(1 << 20);
      assertThatThrownBy(() -> FileDisk.openReadOnly(file))
          .isInstanceOfSatisfying(
              KurveException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.IN_USE));
    }
    try (FileDisk reader = FileDisk.openReadOnly(file)) {
      assertThatThrownBy(() -> reader.write(0, Disk.allocateAligned(4096)))
          .isInstanceOf(IOException.class);
      assertThatThrownBy(() -> reader.writeDurably(0, Disk.allocateAligned(4096)))
          .isInstanceOf(IOException.class);
    }
  }
}
