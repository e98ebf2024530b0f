package io.kurve.dist.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A file system on Kurve, and all of Kurve, on a machine without memory: what the kernel wants to
 * write in order to free memory goes through processes that need some.
 */
final class MemoryPressureIT {
  private static final long MIB = 1 << 20;
  private static final long DIRTY_BYTES = 32 * MIB;
  private static final long WARM_UP_BYTES = 256 * MIB;

  /** What is left beside what the processes took at most so far. */
  private static final long LEFT_BYTES = 768 * MIB;

  private static final long WRITTEN_BYTES = 2 * LEFT_BYTES;
  private static final int BLOCK_BYTES = 256 << 10;
  private static final Duration STALL = Duration.ofSeconds(10);

  @TempDir Path folder = Path.of("");

  @Test
  void rule08BufferedWritesOfTwiceTheMemoryThatIsLeftNeverStall() throws Exception {
    try (TestPlayground playground =
        TestPlayground.up(folder, "--size", "3GiB", "--disk-size", "5GiB")) {
      Shell.run("mkfs.ext4", "-q", "-F", playground.device()).ok();
      Path mnt = playground.mount();
      write(mnt.resolve("warm-up"), WARM_UP_BYTES, new AtomicLong());
      Files.delete(mnt.resolve("warm-up"));

      List<ProcessHandle> processes = playground.handles();
      long needed = 0;
      for (ProcessHandle process : processes) {
        needed += Memory.givenBack(process.pid());
      }
      try (Balloon balloon = Balloon.fillTo(needed + LEFT_BYTES);
          DirtyLimit _ = DirtyLimit.set(DIRTY_BYTES)) {
        long reclaimedBefore = Memory.reclaimed();
        writeWatched(playground.device(), mnt.resolve("file"));
        playground.unmount();
        Shell.run("e2fsck", "-fn", playground.device()).ok();
        Shell.run("sh", "-c", "echo 3 >/proc/sys/vm/drop_caches").ok();
        verify(playground.mount().resolve("file"));

        assertThat(Memory.reclaimed() - reclaimedBefore)
            .as("bytes that were taken from one use for another: memory was short")
            .isGreaterThan(WRITTEN_BYTES);
        assertThat(balloon.isFull()).as("memory was never too short for all").isTrue();
      }
      assertThat(playground.handles()).as("nobody was killed").isEqualTo(processes);
      playground.unmount();
      playground.awaitHealth("ok", Duration.ofSeconds(30));
    }
  }

  @SuppressWarnings("SystemOut") // the figures, for whoever reads the run
  private static void writeWatched(String device, Path file) throws Exception {
    AtomicLong written = new AtomicLong();
    Written sectors = new Written(device);
    long begin = System.nanoTime();
    try (StallWatch calls = StallWatch.of(written::get);
        StallWatch blocks = StallWatch.of(sectors::sectors)) {
      write(file, WRITTEN_BYTES, written);
      Duration call = calls.longest();
      Duration block = blocks.longest();
      System.out.printf(
          Locale.ROOT,
          "%d MiB in %d s: the longest stall of write() %d ms, of the device %d ms%n",
          WRITTEN_BYTES / MIB,
          Duration.ofNanos(System.nanoTime() - begin).toSeconds(),
          call.toMillis(),
          block.toMillis());
      assertThat(call).as("the longest stall of write()").isLessThan(STALL);
      assertThat(block).as("the longest time without a block written").isLessThan(STALL);
    }
  }

  /** Through the page cache, then synced; no two blocks are the same. */
  private static void write(Path file, long bytes, AtomicLong written) throws IOException {
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      while (written.get() < bytes) {
        ByteBuffer block = ByteBuffer.wrap(block(written.get()));
        while (block.hasRemaining()) {
          written.addAndGet(channel.write(block));
        }
      }
      channel.force(true);
    }
  }

  private static void verify(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file)) {
      assertThat(channel.size()).isEqualTo(WRITTEN_BYTES);
      ByteBuffer read = ByteBuffer.allocate(BLOCK_BYTES);
      for (long at = 0; at < WRITTEN_BYTES; at += BLOCK_BYTES) {
        read.clear();
        while (read.hasRemaining()) {
          assertThat(channel.read(read)).isPositive();
        }
        assertThat(read.array()).as("at %d", at).isEqualTo(block(at));
      }
    }
  }

  private static byte[] block(long at) {
    byte[] block = new byte[BLOCK_BYTES];
    new SplittableRandom(at).nextBytes(block);
    return block;
  }
}
