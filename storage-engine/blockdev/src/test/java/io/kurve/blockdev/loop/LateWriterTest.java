package io.kurve.blockdev.loop;

import static org.assertj.core.api.Assertions.assertThat;

import io.kurve.blockdev.posix.DescriptorOwner;
import io.kurve.blockdev.posix.Posix;
import io.kurve.core.id.AttachmentId;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class LateWriterTest {
  private static final Duration LONG = Duration.ofSeconds(20);

  @TempDir Path directory;

  /** Clearing a device drops without a word what is cached of it. */
  @Test
  void whatAProgramWroteAfterTheWriteOutIsThere() throws Exception {
    Posix posix = new Posix();
    Path file = Files.write(directory.resolve("file"), new byte[1 << 20]);
    LoopDevice device =
        new LoopDevices(posix, new DescriptorOwner(posix))
            .configure(new AttachmentId(1), file, 4096);
    byte[] bytes = new byte[4096];
    Arrays.fill(bytes, (byte) 7);
    try {
      device.flush(LONG);
      writeCached(device, bytes);
      device.releaseUnused(() -> flush(device), () -> {}, () -> {});
    } finally {
      device.release(() -> {});
    }
    assertThat(Files.readAllBytes(file)).startsWith(bytes);
  }

  /** It had the device open when that was cleared first, and wrote before it closed it. */
  @Test
  void whatAProgramWroteWhileTheDeviceWaitedForItIsThere() throws Exception {
    Posix posix = new Posix();
    Path file = Files.write(directory.resolve("file"), new byte[1 << 20]);
    LoopDevice device =
        new LoopDevices(posix, new DescriptorOwner(posix))
            .configure(new AttachmentId(1), file, 4096);
    byte[] bytes = new byte[4096];
    Arrays.fill(bytes, (byte) 7);
    FileChannel program = FileChannel.open(device.path(), StandardOpenOption.WRITE);
    AtomicInteger writeOuts = new AtomicInteger();
    try {
      device.releaseUnused(
          () -> {
            if (writeOuts.incrementAndGet() == 2) {
              writeAndClose(program, bytes);
            }
            flush(device);
          },
          () -> {},
          () -> {});
    } finally {
      program.close();
      device.release(() -> {});
    }
    assertThat(Files.readAllBytes(file)).startsWith(bytes);
  }

  private static void flush(LoopDevice device) throws InterruptedException {
    try {
      device.flush(LONG);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void writeAndClose(FileChannel program, byte[] bytes) {
    try (program) {
      assertThat(program.write(ByteBuffer.wrap(bytes))).isEqualTo(bytes.length);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void writeCached(LoopDevice device, byte[] bytes) throws IOException {
    try (FileChannel cached = FileChannel.open(device.path(), StandardOpenOption.WRITE)) {
      assertThat(cached.write(ByteBuffer.wrap(bytes))).isEqualTo(bytes.length);
    }
  }
}
