package io.kurve.chunkserver.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.kurve.chunkserver.copyset.Samples;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.unit.Geometry;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** One copyset on three chunkservers. */
@Timeout(180)
class ThreeChunkserversTest {
  private static final CopysetKey COPYSET = Samples.COPYSET;
  private static final int BLOCKS = 128;

  @TempDir private Path folder;
  private ChunkserverWorld world;

  @BeforeEach
  void start() throws Exception {
    world = ChunkserverWorld.ofThree(folder, COPYSET);
  }

  @AfterEach
  void stop() throws Exception {
    world.close();
  }

  private void write(long number, int block, int value) {
    world.write(COPYSET, number, 101, block, Samples.filled(1, value));
  }

  private void assertReads(int block, int value) {
    world.assertReads(COPYSET, 101, block, Samples.filled(1, value));
  }

  @Test
  void writesSurviveALostLeaderAndARestartOfAll() throws Exception {
    write(1, 0, 1);
    write(2, 1, 2);
    assertReads(0, 1);
    ReplicaId leader = world.mds.leader(COPYSET).orElseThrow();
    world.stop(ChunkserverWorld.number(leader));
    world.mds.forget(leader);
    write(3, 0, 3);
    assertReads(0, 3);
    assertReads(1, 2);
    world.start(ChunkserverWorld.number(leader));
    ChunkserverWorld.await("the returned one has caught up", () -> world.mds.allCaughtUp(COPYSET));
    for (int n = 1; n <= 3; n++) {
      world.stop(n);
    }
    for (int n = 1; n <= 3; n++) {
      world.start(n);
    }
    assertReads(0, 3);
    assertReads(1, 2);
    write(1, 0, 99);
    assertReads(0, 3);
  }

  @Test
  void rule12AFollowerThatTheLogHasLeftBehindCatchesUpByWhatDiffers() throws Exception {
    for (int n = 0; n < 16; n++) {
      world.write(COPYSET, 1 + n, 102, n * BLOCKS, Samples.filled(BLOCKS, n));
    }
    ReplicaId leader = world.mds.leader(COPYSET).orElseThrow();
    ChunkserverWorld.await("all have the same", () -> world.mds.allCaughtUp(COPYSET));
    int away = ChunkserverWorld.number(leader) % 3 + 1;
    world.stop(away);
    world.mds.forget(away);
    long number = 100;
    while (!world.mds.hasTrimmed(leader, 8 << 20)) {
      number++;
      long rewritten = 101 + number % 2;
      world.write(COPYSET, number, rewritten, 0, Samples.filled(BLOCKS, (int) number));
    }
    world.start(away);
    ChunkserverWorld.await("the returned one has caught up", () -> world.mds.allCaughtUp(COPYSET));
    double delta = world.metric(away, "kurve_catch_up_bytes_total{kind=\"delta\",}");
    // Of 17: two were rewritten, and the last one it may have had in its log only.
    assertThat(delta).isBetween(1.0, 3.0 * BLOCKS * Geometry.BLOCK_BYTES);
    assertThat(world.metric(away, "kurve_catch_up_bytes_total{kind=\"full\",}")).isZero();
    int other = 6 - away - ChunkserverWorld.number(leader);
    world.stop(other);
    world.mds.forget(other);
    write(number + 1, 500, 1);
    ByteBuffer newest = Samples.filled(BLOCKS, (int) number);
    world.assertReads(COPYSET, 101 + number % 2, 0, newest);
    for (int n = 1; n < 16; n++) {
      world.assertReads(COPYSET, 102, n * BLOCKS, Samples.filled(BLOCKS, n));
    }
  }
}
