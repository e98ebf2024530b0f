package io.kurve.chunkserver.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.kurve.chunkserver.copyset.Samples;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.log.Membership;
import io.kurve.core.metadata.ChunkserverReport;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A dead disk's replica is rebuilt on a fourth chunkserver, on real disks and sockets. */
class ReplacedReplicaTest {
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

  private void change(Membership wanted) {
    world.command(
        wanted.toString(),
        () ->
            world
                .mds
                .leader(COPYSET)
                .map(leader ->
                    world.commands().changeMembership(leader, FakeMds.AUTHORITY, COPYSET, wanted)));
  }

  @Test
  void rule15ADeadDisksReplicaIsRebuiltAndTheOldOneIsRemovedByItsTombstone() throws Exception {
    for (int n = 0; n < 16; n++) {
      world.write(COPYSET, 1 + n, 102, n * BLOCKS, Samples.filled(BLOCKS, n));
    }
    ReplicaId leader = world.mds.leader(COPYSET).orElseThrow();
    int dead = ChunkserverWorld.number(leader) % 3 + 1;
    int third = 6 - dead - ChunkserverWorld.number(leader);
    ReplicaId old = world.mds.replica(dead);
    ReplicaId stays = world.mds.replica(third);
    world.stop(dead);
    world.mds.forget(dead);
    long number = 100;
    while (!world.mds.hasTrimmed(leader, 8 << 20)) {
      number++;
      world.write(COPYSET, number, 101, 0, Samples.filled(BLOCKS, (int) number));
    }
    world.create(4);
    ChunkserverWorld.await("the new one is known", () -> world.mds.beats(4) > 0);
    ReplicaId joins = world.mds.replica(4);
    Membership learner = new Membership(List.of(), List.of(joins));
    world.command(
        "the new disk makes a replica",
        () ->
            Optional.of(
                world.commands().createCopyset(joins, FakeMds.AUTHORITY, COPYSET, learner)));
    change(new Membership(List.of(leader, old, stays), List.of(joins)));
    world.write(COPYSET, number + 1, 101, BLOCKS, Samples.filled(BLOCKS, 7));
    change(Membership.ofVoters(List.of(leader, stays, joins)));
    assertThat(world.metric(4, "kurve_catch_up_bytes_total{kind=\"full\",}")).isPositive();

    world.stop(third);
    world.mds.forget(third);
    world.write(COPYSET, number + 2, 101, 2 * BLOCKS, Samples.filled(BLOCKS, 8));
    world.assertReads(COPYSET, 101, BLOCKS, Samples.filled(BLOCKS, 7));
    for (int n = 0; n < 16; n++) {
      world.assertReads(COPYSET, 102, n * BLOCKS, Samples.filled(BLOCKS, n));
    }

    world.start(third);
    world.start(dead);
    ChunkserverWorld.await(
        "the old disk's chunkserver reports its replica",
        () -> world.mds.report(old).filter(last -> !last.copysets().isEmpty()).isPresent());
    assertThat(slotsUsed(old)).isPositive();
    world.command(
        "the old replica is removed",
        () -> Optional.of(world.commands().purgeReplica(old, FakeMds.AUTHORITY, COPYSET, 99)));
    ChunkserverWorld.await(
        "its slots are free",
        () -> slotsUsed(old) == 0 && world.mds.report(old).orElseThrow().copysets().isEmpty());
    world.assertReads(COPYSET, 101, 2 * BLOCKS, Samples.filled(BLOCKS, 8));
  }

  private int slotsUsed(ReplicaId replica) {
    return world.mds.report(replica).map(ChunkserverReport::capacity).orElseThrow().slotsUsed();
  }
}
