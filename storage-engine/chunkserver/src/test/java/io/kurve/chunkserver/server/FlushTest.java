package io.kurve.chunkserver.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.kurve.chunkserver.copyset.Samples;
import io.kurve.core.disk.FileDisk;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.unit.Geometry;
import io.kurve.testkit.disk.StallingDisk;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A chunkserver while its disk takes long to flush what was applied. */
@Timeout(60)
class FlushTest {
  private static final CopysetKey COPYSET = Samples.COPYSET;
  private static final int BLOCKS = 128;

  /** Shorter than the disk is willing to hang. */
  private static final Duration SOON = Duration.ofSeconds(10);

  @TempDir private Path folder;
  private ChunkserverWorld world;
  private StallingDisk disk;

  @BeforeEach
  void start() throws Exception {
    world = new ChunkserverWorld(folder, new FakeMds(1, Set.of(COPYSET)), "256MiB");
    world.create(1);
    world.stop(1);
    disk = new StallingDisk(FileDisk.open(world.disk(1)));
    world.start(1, disk);
    world.grant(COPYSET);
  }

  @AfterEach
  void stop() throws Exception {
    disk.resume();
    world.close();
  }

  private void write(int n, int blocks) {
    world.write(COPYSET, n, 101, n % 8 * BLOCKS, Samples.filled(blocks, n));
  }

  @Test
  void rule08WritesAreAnsweredWhileAppliedDataIsBeingFlushed() throws Exception {
    int n = 1;
    int half = (int) (world.metric(1, "kurve_wal_bytes") / 2 / (BLOCKS * Geometry.BLOCK_BYTES));
    while (n < half - 4) {
      write(n++, BLOCKS);
    }
    disk.stallSyncs();
    // Until the log is half full, so that a checkpoint is due, which begins with a sync of all. In
    // small steps: no machine fills the other half before the checkpointer looks.
    while (!disk.isHanging()) {
      write(n++, 1);
    }
    long begin = System.nanoTime();
    for (int more = 0; more < 8; more++) {
      write(n++, BLOCKS);
    }
    assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(SOON);
    disk.resume();
    world.assertReads(COPYSET, 101, (n - 1) % 8 * BLOCKS, Samples.filled(BLOCKS, n - 1));
  }
}
