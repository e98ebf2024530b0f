package io.kurve.blockdev.host;

import static org.assertj.core.api.Assertions.assertThat;

import io.kurve.core.disk.DirectIo;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What the path costs by itself: loop driver, FUSE, our reader and back, no network, no disk. */
@Timeout(60)
class PathLatencyTest {
  private static final int WARM_UP = 20_000;
  private static final int MEASURED = 5_000;

  /** About 30 on an idle machine; the bound only notices a lost design, not a busy neighbour. */
  private static final long BOUND_MICROS = 500;

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

  @Test
  @SuppressWarnings("SystemOut") // a figure for the reader of the test's output
  void oneBlockAtATime() throws Exception {
    fixture.offer(new MemoryVolume("demo", 7, 32 << 20, 4096));
    String device = fixture.attach("demo").device();
    ByteBuffer block = ByteBuffer.allocateDirect(8192).alignedSlice(4096).limit(4096);
    long[] nanos = new long[MEASURED];
    try (FileChannel channel =
        FileChannel.open(Path.of(device), StandardOpenOption.WRITE, DirectIo.option())) {
      for (int i = 0; i < WARM_UP + MEASURED; i++) {
        long start = System.nanoTime();
        int written = channel.write(block.rewind(), (i % 4096) * 4096L);
        if (i >= WARM_UP) {
          nanos[i - WARM_UP] = System.nanoTime() - start;
        }
        assertThat(written).isEqualTo(4096);
      }
    }
    Arrays.sort(nanos);
    long median = nanos[MEASURED / 2] / 1000;
    System.out.println("4 KiB direct write through the loop device, p50: " + median + " us");
    assertThat(median).isLessThan(BOUND_MICROS);
  }
}
