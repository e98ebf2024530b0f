package io.kurve.blockdev.host;

import static io.kurve.blockdev.host.HostFixture.run;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kurve.core.disk.DirectIo;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.metadata.VolumeHostService.AttachedDevice;
import io.kurve.core.metadata.VolumeHostService.DeviceState;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class BlockDeviceTest {
  private static final int SIZE = 32 << 20;

  @TempDir Path directory;
  private HostFixture fixture;

  @BeforeEach
  void start() throws IOException {
    fixture = new HostFixture(directory);
  }

  @AfterEach
  void stop() throws IOException, InterruptedException {
    fixture.close();
  }

  @ParameterizedTest
  @ValueSource(ints = {512, 4096})
  void deviceHasTheVolumesSizeAndSectors(int sectorBytes) throws Exception {
    fixture.offer(new MemoryVolume("demo", 7, SIZE, sectorBytes));

    AttachedDevice device = fixture.attach("demo");

    assertThat(device.state()).isEqualTo(DeviceState.READY);
    assertThat(Files.readSymbolicLink(Path.of(device.link()))).hasToString(device.device());
    assertThat(device.link()).isEqualTo(fixture.linkDirectory.resolve("demo").toString());
    assertThat(run("blockdev", "--getss", "--getsize64", device.link()).split("\\s+"))
        .containsExactly(String.valueOf(sectorBytes), String.valueOf(SIZE));
    assertThat(device.mounts()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(ints = {512, 4096})
  void randomChangesAreByteExact(int sectorBytes) throws Exception {
    MemoryVolume volume = fixture.offer(new MemoryVolume("demo", 7, SIZE, sectorBytes));
    AttachedDevice device = fixture.attach("demo");
    Path path = Path.of(device.device());
    byte[] model = new byte[SIZE];
    Random random = new Random(sectorBytes);

    try (FileChannel cached =
            FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE);
        FileChannel direct =
            FileChannel.open(
                path, StandardOpenOption.READ, StandardOpenOption.WRITE, DirectIo.option())) {
      for (int step = 0; step < 300; step++) {
        int unit = step % 3 == 1 ? 4096 : sectorBytes;
        int length = unit * (1 + random.nextInt((2 << 20) / unit));
        int offset = unit * random.nextInt((SIZE - length) / unit + 1);
        switch (step % 3) {
          case 0 -> {
            byte[] data = randomBytes(random, length);
            assertThat(cached.write(ByteBuffer.wrap(data), offset)).isEqualTo(length);
            cached.force(false);
            System.arraycopy(data, 0, model, offset, length);
          }
          case 1 -> {
            byte[] data = randomBytes(random, length);
            assertThat(direct.write(aligned(data), offset)).isEqualTo(length);
            System.arraycopy(data, 0, model, offset, length);
            assertThat(readBack(direct, offset, length)).isEqualTo(data);
          }
          default -> {
            if (step % 30 == 2) {
              zero(random.nextBoolean(), path, offset, length);
              Arrays.fill(model, offset, offset + length, (byte) 0);
            }
          }
        }
      }
      assertThat(readBack(direct, 0, SIZE)).isEqualTo(model);
    }
    assertThat(volume.content()).isEqualTo(model);
    assertThat(volume.flushes()).isPositive();
  }

  @Test
  void rule27DiscardAndZeroLeaveZerosExactly() throws Exception {
    MemoryVolume volume = fixture.offer(new MemoryVolume("demo", 7, SIZE, 512));
    AttachedDevice device = fixture.attach("demo");
    Path path = Path.of(device.device());
    byte[] model = randomBytes(new Random(1), SIZE);
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.WRITE)) {
      assertThat(channel.write(ByteBuffer.wrap(model))).isEqualTo(SIZE);
      channel.force(false);
    }

    run("blkdiscard", "-o", "1536", "-l", "9216", path.toString());
    run("blkdiscard", "-z", "-o", "1048064", "-l", "1536", path.toString());
    run("fallocate", "-p", "-o", "3145728", "-l", "5120", path.toString());
    Arrays.fill(model, 1048064, 1048064 + 1536, (byte) 0);
    Arrays.fill(model, 3145728, 3145728 + 5120, (byte) 0);

    byte[] content = volume.content();
    // The block layer drops the edges of a discard below the granularity of 4 KiB, no more.
    assertThat(Arrays.copyOfRange(content, 4096, 8192)).containsOnly(0);
    Arrays.fill(model, 4096, 8192, (byte) 0);
    for (int i = 1536; i < 1536 + 9216; i++) {
      assertThat(content[i]).isIn((byte) 0, model[i]);
      model[i] = content[i];
    }
    assertThat(content).isEqualTo(model);
  }

  @Test
  void growsWhileOpen() throws Exception {
    MemoryVolume volume = fixture.offer(new MemoryVolume("demo", 7, SIZE, 4096));
    AttachedDevice device = fixture.attach("demo");
    try (FileChannel channel =
        FileChannel.open(Path.of(device.device()), StandardOpenOption.WRITE)) {
      volume.growTo(2 * SIZE);

      AttachedDevice grown = HostFixture.await(fixture.host.resize("demo"));

      assertThat(grown.sizeBytes()).isEqualTo(2 * SIZE);
      assertThat(grown.device()).isEqualTo(device.device());
      assertThat(run("blockdev", "--getsize64", device.device()).strip())
          .isEqualTo(String.valueOf(2 * SIZE));
      assertThat(channel.write(ByteBuffer.wrap(new byte[] {1}), 2 * SIZE - 1)).isEqualTo(1);
      channel.force(false);
    }
    assertThat(volume.content()[2 * SIZE - 1]).isEqualTo((byte) 1);
  }

  @Test
  void fileKeepsItsSizeAndHasNoNeighbours() throws Exception {
    fixture.offer(new MemoryVolume("demo", 7, SIZE, 4096));
    AttachedDevice device = fixture.attach("demo");
    Path mount = fixture.run.mounts().resolve("attachment-7");
    Path file = mount.resolve("attachment-7");

    assertThat(device.attachment().value()).isEqualTo(7);
    assertThat(mount).isDirectoryContaining(entry -> entry.equals(file));
    assertThat(mount.resolve("other")).doesNotExist();
    assertThat(Files.getAttribute(file, "unix:ino")).isEqualTo(7L);
    assertThatThrownBy(() -> run("truncate", "-s", "4096", file.toString()))
        .hasMessageContaining("not permitted");
    assertThatThrownBy(() -> Files.createFile(mount.resolve("other")))
        .isInstanceOf(IOException.class);
    assertThat(
            HostFixture.tryRun(
                    "dd",
                    "if=/dev/zero",
                    "of=" + file,
                    "bs=4096",
                    "count=2",
                    "seek=" + (SIZE / 4096 - 1),
                    "conv=notrunc")
                .output())
        .contains("No space left on device");
    assertThat(Files.size(file)).isEqualTo(SIZE);
  }

  @Test
  void attachedTwiceIsTheSameDevice() {
    fixture.offer(new MemoryVolume("demo", 7, SIZE, 4096));

    assertThat(fixture.attach("demo")).isEqualTo(fixture.attach("demo"));
    assertThat(HostFixture.await(fixture.host.list())).hasSize(1);
  }

  @Test
  void detachLeavesNothingAndGivesTheAttachmentUp() {
    MemoryVolume volume = fixture.offer(new MemoryVolume("demo", 7, SIZE, 4096));
    AttachedDevice device = fixture.attach("demo");

    fixture.detach("demo");

    assertThat(volume.isClosed()).isTrue();
    assertThat(Path.of(device.link())).doesNotExist();
    assertThat(fixture.bound()).isEmpty();
    assertThat(fixture.run.mounts()).isEmptyDirectory();
    assertThat(HostFixture.await(fixture.host.list())).isEmpty();
    assertThatThrownBy(() -> HostFixture.await(fixture.host.info("demo")))
        .isInstanceOfSatisfying(
            KurveException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.NOT_FOUND));
  }

  @Test
  void detachWritesWhatIsCached() throws Exception {
    MemoryVolume volume = fixture.offer(new MemoryVolume("demo", 7, SIZE, 4096));
    AttachedDevice device = fixture.attach("demo");
    try (FileChannel channel =
        FileChannel.open(Path.of(device.device()), StandardOpenOption.WRITE)) {
      assertThat(channel.write(ByteBuffer.wrap(new byte[] {42}), 4711)).isEqualTo(1);
    }

    fixture.detach("demo");

    assertThat(volume.content()[4711]).isEqualTo((byte) 42);
  }

  @Test
  void aFailedAttachLeavesNothing() throws IOException {
    MemoryVolume volume = fixture.offer(new MemoryVolume("demo", 7, SIZE, 4096));
    Files.createDirectories(fixture.linkDirectory);
    Files.createFile(fixture.linkDirectory.resolve("demo"));

    assertThatThrownBy(() -> fixture.attach("demo"))
        .isInstanceOfSatisfying(
            KurveException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.ALREADY_EXISTS))
        .hasMessageContaining("links/demo");

    assertThat(volume.isClosed()).isTrue();
    assertThat(fixture.bound()).isEmpty();
    assertThat(fixture.descriptors.all()).isEmpty();
    assertThatThrownBy(() -> fixture.attach("missing")).hasMessageContaining("no volume missing");
    assertThatThrownBy(() -> fixture.attach("../demo")).hasMessageContaining("can't be the name");
  }

  private static void zero(boolean discard, Path device, int offset, int length)
      throws IOException, InterruptedException {
    if (discard && offset % 4096 == 0 && length % 4096 == 0) {
      run("blkdiscard", "-o", "" + offset, "-l", "" + length, device.toString());
    } else {
      run("blkdiscard", "-z", "-o", "" + offset, "-l", "" + length, device.toString());
    }
  }

  private static byte[] readBack(FileChannel direct, long offset, int length) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocateDirect(length + 4096).alignedSlice(4096).limit(length);
    while (buffer.hasRemaining()) {
      assertThat(direct.read(buffer, offset + buffer.position())).isPositive();
    }
    byte[] bytes = new byte[length];
    buffer.flip().get(bytes);
    return bytes;
  }

  private static ByteBuffer aligned(byte[] data) {
    return ByteBuffer.allocateDirect(data.length + 4096)
        .alignedSlice(4096)
        .limit(data.length)
        .put(data)
        .flip();
  }

  private static byte[] randomBytes(Random random, int length) {
    byte[] data = new byte[length];
    random.nextBytes(data);
    return data;
  }
}
