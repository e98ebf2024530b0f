package io.kurve.chunkserver.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.kurve.chunkserver.copyset.Samples;
import io.kurve.core.id.CopysetGeneration;
import io.kurve.core.id.CopysetId;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.id.ReplicaId;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A chunkserver whose log is much shorter than what is written. */
@Timeout(180)
class LogPressureTest {
  private static final int COPYSETS = 16;
  private static final int IDLE = 4;
  private static final int BLOCKS = 128;

  /** Four times the 64 MiB of the WAL. */
  private static final int WRITES = 512;

  @TempDir private Path folder;
  private ChunkserverWorld world;

  @BeforeEach
  void start() throws Exception {
    Set<CopysetKey> copysets = new TreeSet<>();
    for (int id = 1; id <= COPYSETS; id++) {
      copysets.add(copyset(id));
    }
    world = new ChunkserverWorld(folder, new FakeMds(1, copysets), "512MiB");
    world.create(1);
  }

  @AfterEach
  void stop() throws Exception {
    world.close();
  }

  private static CopysetKey copyset(int id) {
    return new CopysetKey(new CopysetId(id), new CopysetGeneration(1));
  }

  private static long chunk(int id) {
    return 100L + id;
  }

  @Test
  void rule09WritesOfSeveralLogsGoOnBesideIdleCopysetsAndSurviveAKill() throws Exception {
    // All of them have something in the oldest segment; the first few never write again.
    for (int id = 1; id <= COPYSETS; id++) {
      world.grant(copyset(id));
      world.write(copyset(id), 1, chunk(id), 0, Samples.filled(1, id));
    }
    for (int n = 0; n < WRITES; n++) {
      int id = IDLE + 1 + n % (COPYSETS - IDLE);
      world.write(copyset(id), 2 + n, chunk(id), 1 + n % 8 * BLOCKS, Samples.filled(BLOCKS, n));
    }
    ReplicaId self = world.mds.leader(copyset(1)).orElseThrow();
    ChunkserverWorld.await("a shorter log", () -> world.mds.hasTrimmed(self, 16 << 20));
    assertEverythingIsThere();
    kill();
    assertEverythingIsThere();
  }

  /** What the disk holds at this moment is what a process finds that starts after kill -9. */
  private void kill() throws Exception {
    Path image = folder.resolve("image");
    Files.copy(world.disk(1), image);
    world.stop(1);
    Files.move(image, world.disk(1), StandardCopyOption.REPLACE_EXISTING);
    world.start(1);
  }

  private void assertEverythingIsThere() {
    for (int id = 1; id <= COPYSETS; id++) {
      world.assertReads(copyset(id), chunk(id), 0, Samples.filled(1, id));
    }
    for (int n = WRITES - 24; n < WRITES; n++) {
      int id = IDLE + 1 + n % (COPYSETS - IDLE);
      world.assertReads(copyset(id), chunk(id), 1 + n % 8 * BLOCKS, Samples.filled(BLOCKS, n));
    }
    assertThat(world.metric(1, "kurve_catch_up_bytes_total{kind=\"full\",}")).isZero();
  }
}
