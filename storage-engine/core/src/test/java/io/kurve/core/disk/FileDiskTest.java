package io.kurve.core.disk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.unit.ByteSize;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class FileDiskTest {
  @TempDir Path folder = Path.of("");
  private Path file = folder;

  @BeforeEach
  void makeFile() throws IOException {
    file = folder.resolve("disk");
    new Preallocation().createFile(file, new ByteSize(1 << 20));
  }

  @Test
  void bothWaysReadWhatEitherWrote() throws IOException {
    try (Disk disk = FileDisk.open(file)) {
      ByteBuffer block = Disk.allocateAligned(4096);
      fill(block, 1);
      disk.writeDurably(8192, block);
      ByteBuffer read = ByteBuffer.allocate(4096);
      disk.read(8192, read);
      assertThat(read.flip()).isEqualTo(block.flip());

      ByteBuffer heap = ByteBuffer.allocate(100);
      fill(heap, 2);
      disk.write(20_000, heap);
      disk.sync();
      ByteBuffer page = Disk.allocateAligned(8192);
      disk.readDirect(16384, page);
      assertThat(page.slice(20_000 - 16384, 100)).isEqualTo(heap.flip());
    }
  }

  /** One is submitted, the others find it busy: all are there. */
  @Test
  void severalThreadsWriteDurablyAtOnce() throws Exception {
    try (Disk disk = FileDisk.open(file)) {
      List<FutureTask<Void>> writers = new ArrayList<>();
      for (int thread = 0; thread < 4; thread++) {
        int first = thread * 32;
        FutureTask<Void> writer =
            new FutureTask<>(() -> {
              for (int page = first; page < first + 32; page++) {
                disk.writeDurably(page * 4096L, page(page));
              }
              return null;
            });
        writers.add(writer);
        Thread.ofVirtual().start(writer);
      }
      for (FutureTask<Void> writer : writers) {
        writer.get(30, TimeUnit.SECONDS);
      }
      for (int page = 0; page < 4 * 32; page++) {
        ByteBuffer read = Disk.allocateAligned(4096);
        disk.readDirect(page * 4096L, read);
        assertThat(read.flip()).isEqualTo(page(page));
      }
    }
  }

  private static ByteBuffer page(int seed) {
    ByteBuffer page = Disk.allocateAligned(4096);
    fill(page, seed);
    return page;
  }

  @Test
  void aClosedDiskTakesNoDurableWrite() throws IOException {
    Disk disk = FileDisk.open(file);
    disk.writeDurably(0, page(1));
    disk.close();
    assertThatThrownBy(() -> disk.writeDurably(0, page(2)))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("can't write");
  }

  /** It has no memory of its own for it. */
  @Test
  void aVirtualThreadReadsAndWritesFromAndToTheHeap() throws Exception {
    for (int bytes : new int[] {0, 100, 65_536, 200_000}) {
      FutureTask<Void> transfer =
          new FutureTask<>(() -> {
            try (Disk disk = FileDisk.open(file)) {
              ByteBuffer written = ByteBuffer.allocate(bytes);
              fill(written, bytes);
              disk.write(4096, written);
              ByteBuffer read = ByteBuffer.allocate(bytes);
              disk.read(4096, read);
              assertThat(read.flip()).isEqualTo(written.flip());
            }
            return null;
          });
      Thread.ofVirtual().start(transfer);
      transfer.get(30, TimeUnit.SECONDS);
    }
  }

  @Test
  void anInterruptedThreadHarmsNobody() throws IOException {
    try (Disk disk = FileDisk.open(file)) {
      ByteBuffer block = Disk.allocateAligned(4096);
      Thread.currentThread().interrupt();
      disk.writeDurably(0, block);
      disk.write(4096, block.clear());
      disk.sync();
      disk.read(0, block.clear());
      assertThat(Thread.interrupted()).isTrue();
      disk.writeDurably(0, block.clear());
    }
  }

  /** As the kernel has them: what the log writes durably is past the cache, and synced. */
  @Test
  void rule08TheDirectDescriptorIsPastTheCacheAndSynced() throws IOException {
    int past = NativeFile.PAST_THE_CACHE;
    int synced = NativeFile.DATA_SYNCED;
    try (Disk _ = FileDisk.open(file)) {
      assertThat(openFlags())
          .filteredOn(flags -> (flags & past) != 0)
          .singleElement()
          .satisfies(flags -> assertThat(flags & synced).isEqualTo(synced));
    }
    try (Disk _ = FileDisk.openReadOnly(file)) {
      assertThat(openFlags()).filteredOn(flags -> (flags & past) != 0).hasSize(1);
    }
  }

  private List<Integer> openFlags() throws IOException {
    List<Integer> found = new ArrayList<>();
    Path real = file.toRealPath();
    try (DirectoryStream<Path> descriptors = Files.newDirectoryStream(Path.of("/proc/self/fd"))) {
      for (Path descriptor : descriptors) {
        if (pointsTo(descriptor, real)) {
          String info = Files.readString(Path.of("/proc/self/fdinfo").resolve(name(descriptor)));
          String flags = info.lines().filter(line -> line.startsWith("flags:")).findAny().get();
          found.add(Integer.parseInt(flags.substring("flags:".length()).strip(), 8));
        }
      }
    }
    return found;
  }

  private static Path name(Path descriptor) {
    return Objects.requireNonNull(descriptor.getFileName());
  }

  private static boolean pointsTo(Path descriptor, Path file) throws IOException {
    try {
      return Files.readSymbolicLink(descriptor).equals(file);
    } catch (NoSuchFileException closedMeanwhile) {
      return false;
    }
  }

  /** The kernel is asked: it knows no such descriptor any more. */
  @Test
  void rule02ASyncThatTheKernelRefusesFails() throws IOException {
    Disk disk = FileDisk.open(file);
    disk.sync();
    disk.close();
    assertThatThrownBy(disk::sync)
        .isInstanceOf(IOException.class)
        .hasMessageContaining("can't sync");
  }

  @Test
  void rule18ASecondOwnerIsRefused() throws IOException {
    try (Disk _ = FileDisk.open(file)) {
      assertThatThrownBy(() -> FileDisk.open(file))
          .isInstanceOfSatisfying(
              KurveException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.IN_USE));
    }
    FileDisk.open(file).close();
  }

  @Test
  void nothingIsReadOrWrittenPastTheEnd() throws IOException {
    try (Disk disk = FileDisk.open(file)) {
      assertThat(disk.sizeBytes()).isEqualTo(1 << 20);
      assertThatThrownBy(() -> disk.write((1 << 20) - 10, ByteBuffer.allocate(11)))
          .hasMessageContaining("ends at 1048576");
      assertThatThrownBy(() -> disk.read((1 << 20) - 10, ByteBuffer.allocate(11)))
          .hasMessageContaining("ends before");
    }
  }

  @Test
  void aReadOnlyDiskRefusesWrites() throws IOException {
    try (Disk disk = FileDisk.openReadOnly(file)) {
      assertThatThrownBy(() -> disk.write(0, ByteBuffer.allocate(1)))
          .isInstanceOf(IOException.class);
    }
  }

  private static void fill(ByteBuffer buffer, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    while (buffer.hasRemaining()) {
      buffer.put((byte) random.nextInt());
    }
    buffer.flip();
  }
}
