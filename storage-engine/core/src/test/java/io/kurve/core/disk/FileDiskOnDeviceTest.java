package io.kurve.core.disk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.unit.ByteSize;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** On a block device; the tests need the right to make a loop device, as those of volumes do. */
final class FileDiskOnDeviceTest {
  private static final int BYTES = 32 << 20;

  /** Flushes that the device has finished: the 16th number of its statistics. */
  private static final int FLUSHES = 15;

  @TempDir Path folder = Path.of("");
  private Path device = folder;

  @BeforeEach
  void makeDevice() throws Exception {
    Path file = folder.resolve("file");
    new Preallocation().createFile(file, new ByteSize(BYTES));
    device = Path.of(run("losetup", "--find", "--show", file.toString()));
  }

  @AfterEach
  void removeDevice() throws Exception {
    run("losetup", "--detach", device.toString());
  }

  private static String run(String... command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (process.waitFor() != 0) {
      throw new IOException(String.join(" ", command) + ": " + output);
    }
    return output.strip();
  }

  private long flushes() throws IOException {
    Path statistics = Path.of("/sys/class/block").resolve(device.getFileName()).resolve("stat");
    return Long.parseLong(Files.readString(statistics).strip().split("\\s+")[FLUSHES]);
  }

  @Test
  void bothWaysReadWhatEitherWrote() throws IOException {
    try (Disk disk = FileDisk.open(device)) {
      assertThat(disk.sizeBytes()).isEqualTo(BYTES);
      ByteBuffer block = Disk.allocateAligned(4096).putLong(0, 42);
      disk.writeDurably(8192, block);
      ByteBuffer read = ByteBuffer.allocate(4096);
      disk.read(8192, read);
      assertThat(read.getLong(0)).isEqualTo(42);
      disk.write(20_480, read.clear());
      disk.sync();
      ByteBuffer direct = Disk.allocateAligned(4096);
      disk.readDirect(20_480, direct);
      assertThat(direct.getLong(0)).isEqualTo(42);
    }
  }

  @Test
  void rule02WhatIsDurableIsOutOfTheDevicesCache() throws IOException {
    try (Disk disk = FileDisk.open(device)) {
      long before = flushes();
      disk.write(4096, ByteBuffer.allocate(4096));
      assertThat(flushes()).isEqualTo(before);
      disk.sync();
      long synced = flushes();
      assertThat(synced).isGreaterThan(before);
      disk.writeDurably(8192, Disk.allocateAligned(4096));
      assertThat(flushes()).isGreaterThan(synced);
    }
  }

  @Test
  void rule02WhatIsDurableInAFileIsOutOfItsDevicesCache() throws Exception {
    onFileSystem(mount -> {
      Path file = mount.resolve("disk");
      new Preallocation().createFile(file, new ByteSize(1 << 20));
      try (Disk disk = FileDisk.open(file)) {
        disk.writeDurably(8192, Disk.allocateAligned(4096));
        long before = flushes();
        disk.writeDurably(8192, Disk.allocateAligned(4096));
        assertThat(flushes()).isGreaterThan(before);
      }
    });
  }

  /** A hole in the file, and no block left to put there: the kernel says so when it has tried. */
  @Test
  void rule02ADurableWriteThatTheFileSystemRefusesFails() throws Exception {
    onFileSystem(mount -> {
      Path file = mount.resolve("disk");
      try (RandomAccessFile holes = new RandomAccessFile(file.toFile(), "rw")) {
        holes.setLength(1 << 20);
      }
      run("sh", "-c", "dd if=/dev/zero of=" + mount + "/rest bs=4k 2>/dev/null || true");
      try (Disk disk = FileDisk.open(file)) {
        ByteBuffer block = Disk.allocateAligned(4096);
        assertThatThrownBy(() -> disk.writeDurably(8192, block))
            .isInstanceOf(IOException.class)
            .hasMessageContaining("can't write " + file + " at 8192: errno 28");
        assertThat(block.position()).isZero();
      }
    });
  }

  private interface OnMount {
    void use(Path mount) throws Exception;
  }

  private void onFileSystem(OnMount use) throws Exception {
    run("mkfs.ext4", "-q", "-F", device.toString());
    Path mount = Files.createDirectory(folder.resolve("mount"));
    run("mount", device.toString(), mount.toString());
    try {
      use.use(mount);
    } finally {
      run("umount", mount.toString());
    }
  }

  @Test
  void rule18NobodyElseHasItMeanwhile() throws Exception {
    try (Disk _ = FileDisk.open(device)) {
      assertThatThrownBy(() -> FileDisk.open(device)).satisfies(FileDiskOnDeviceTest::saysInUse);
      assertThatThrownBy(() -> run("mkfs.ext4", "-q", "-F", device.toString()))
          .isInstanceOf(IOException.class);
    }
    onFileSystem(mount ->
        assertThatThrownBy(() -> FileDisk.open(device)).satisfies(FileDiskOnDeviceTest::saysInUse));
  }

  private static void saysInUse(Throwable thrown) {
    assertThat(thrown)
        .isInstanceOfSatisfying(
            KurveException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.IN_USE));
  }
}
