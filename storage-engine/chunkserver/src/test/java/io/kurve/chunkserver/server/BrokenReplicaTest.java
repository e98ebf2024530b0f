package io.kurve.chunkserver.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.kurve.chunkserver.copyset.Samples;
import io.kurve.chunkserver.store.ChunkStore;
import io.kurve.chunkserver.store.SlotStore.CopysetControl;
import io.kurve.core.id.CopysetGeneration;
import io.kurve.core.id.CopysetId;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.metastore.Bytes;
import io.kurve.testkit.disk.VolatileDisk;
import io.kurve.testkit.failure.HaltingFaultHandler;
import io.kurve.testkit.time.SeededRandom;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A chunkserver with one replica that can't run. */
@Timeout(60)
class BrokenReplicaTest {
  private static final CopysetKey WHOLE = Samples.COPYSET;
  private static final CopysetKey BROKEN =
      new CopysetKey(new CopysetId(8), new CopysetGeneration(1));

  private static final int BLOCKS = 128;

  @TempDir private Path folder;
  private final VolatileDisk disk = new VolatileDisk("disk-1", 256L << 20, new SeededRandom(1));
  private ChunkserverWorld world;

  @BeforeEach
  void start() throws Exception {
    world = new ChunkserverWorld(folder, new FakeMds(1, Set.of(WHOLE, BROKEN)), "256MiB");
    ChunkserverWorld.format(1, disk);
    world.start(1, disk);
    world.grant(WHOLE);
    world.grant(BROKEN);
    world.write(WHOLE, 1, 101, 0, Samples.filled(1, 7));
    world.stop(1);
    world.mds.forget(1);
  }

  @AfterEach
  void stop() throws Exception {
    world.close();
  }

  private void damageControlState() {
    try (ChunkStore store =
        ChunkStore.open(disk, ChunkserverWorld.CLUSTER, new HaltingFaultHandler())) {
      CopysetControl was = Objects.requireNonNull(store.controls().get(BROKEN));
      store.checkpoint(
          List.of(
              new CopysetControl(
                  BROKEN,
                  was.at(),
                  was.membership(),
                  was.installing(),
                  was.slots(),
                  Bytes.ofText("no control state"))),
          Set.of());
    }
  }

  @Test
  void oneDamagedReplicaIsOutOfServiceAndTheOthersServe() throws Exception {
    damageControlState();
    world.start(1, disk);
    world.assertReads(WHOLE, 101, 0, Samples.filled(1, 7));
    assertThat(world.mds.outOfService(1))
        .singleElement()
        .satisfies(replica -> {
          assertThat(replica.copyset()).isEqualTo(BROKEN);
          assertThat(replica.why()).contains("control state is bad");
        });
    assertThat(world.mds.leader(BROKEN)).isEmpty();
  }

  @Test
  void rule09WhatItLeftInTheLogDoesNotFillTheLogOfTheOthers() throws Exception {
    damageControlState();
    world.start(1, disk);
    // Four times the log's 64 MiB, of which the broken one holds the beginning.
    for (int n = 0; n < 512; n++) {
      world.write(WHOLE, 2 + n, 101, n % 8 * BLOCKS, Samples.filled(BLOCKS, n));
    }
    world.assertReads(WHOLE, 101, 511 % 8 * BLOCKS, Samples.filled(BLOCKS, 511));
  }
}
