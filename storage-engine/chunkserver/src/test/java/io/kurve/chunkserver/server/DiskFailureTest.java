package io.kurve.chunkserver.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.kurve.chunkserver.copyset.Samples;
import io.kurve.core.id.CopysetKey;
import io.kurve.testkit.disk.VolatileDisk;
import io.kurve.testkit.time.SeededRandom;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A chunkserver whose disk fails. */
@Timeout(60)
class DiskFailureTest {
  private static final CopysetKey COPYSET = Samples.COPYSET;

  @TempDir private Path folder;
  private final VolatileDisk disk = new VolatileDisk("disk-1", 256L << 20, new SeededRandom(1));
  private ChunkserverWorld world;

  @BeforeEach
  void start() throws Exception {
    world = new ChunkserverWorld(folder, new FakeMds(1, Set.of(COPYSET)), "256MiB");
    ChunkserverWorld.format(1, disk);
  }

  @AfterEach
  void stop() throws Exception {
    world.bury(1);
    world.close();
  }

  private Optional<String> awaitReport() {
    ChunkserverWorld.await("a report", () -> world.mds.diskFailure(1).isPresent());
    return world.mds.diskFailure(1).orElseThrow();
  }

  private void failNextWrite() {
    disk.failDurableWrite(1);
    ChunkserverWorld.await(
        "the MDS hears of the failed write",
        () -> {
          world.tryGrant(COPYSET);
          return world.mds.diskFailure(1).flatMap(why -> why).isPresent();
        });
    assertThat(awaitReport().orElseThrow()).contains("a write failed").contains("input/output");
  }

  @Test
  void rule02AfterTwoFailedWritesTheDiskIsFailed() throws Exception {
    world.start(1, disk);
    world.grant(COPYSET);
    assertThat(awaitReport()).isEmpty();
    failNextWrite();
    world.bury(1);

    world.mds.forget(1);
    world.start(1, disk);
    world.grant(COPYSET);
    assertThat(awaitReport()).as("once may be an accident").isEmpty();
    assertThat(world.metric(1, "kurve_chunkserver_disk_failed_writes")).isEqualTo(1);
    failNextWrite();
    world.bury(1);

    world.mds.forget(1);
    world.start(1, disk);
    world.grant(COPYSET);
    assertThat(awaitReport().orElseThrow())
        .contains("2 failed writes since it was formatted")
        .contains("input/output error on disk-1");
    world.write(COPYSET, 1, 101, 0, Samples.filled(1, 7));
    world.assertReads(COPYSET, 101, 0, Samples.filled(1, 7));
  }
}
