package io.kurve.chunkserver.service;

import static org.assertj.core.api.Assertions.assertThat;

import io.kurve.chunkserver.copyset.Samples;
import io.kurve.core.data.DataReply;
import io.kurve.core.id.ReplicaId;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A leader whose two peers are other service worlds, fed with the same entries. */
class BlockRepairTest {
  private final ServiceWorld leader = new ServiceWorld().ready(10);
  private final ServiceWorld second = new ServiceWorld();
  private final ServiceWorld third = new ServiceWorld();

  BlockRepairTest() {
    connect(ServiceWorld.SECOND, second);
    connect(ServiceWorld.THIRD, third);
    for (int block = 0; block < 4; block++) {
      var unused = leader.write(block + 1, 101, block, block + 1);
    }
    leader.log.applyAll();
    follow(second);
    follow(third);
  }

  private void connect(ReplicaId id, ServiceWorld peer) {
    leader.peers.put(id, new SynchronousReplica(peer));
  }

  /** Applies what the leader has applied and this peer has not. */
  private void follow(ServiceWorld peer) {
    peer.log.replicate(leader.log);
  }

  private void damage(ServiceWorld world, int block) {
    world.store.damage(world.store.slotOf(101), block);
  }

  private void damageEntry(ServiceWorld world, int block) {
    world.store.damageEntry(world.store.slotOf(101), block);
  }

  private static void assertReads(ServiceWorld world, int block, int value) {
    assertThat(world.read(101, block).get())
        .isInstanceOfSatisfying(
            DataReply.Data.class,
            data -> assertThat(data.data()).isEqualTo(Samples.filled(1, value)));
  }

  @Test
  void aDisksSeriesAreThereBeforeItsFirstDamage() {
    for (String what : List.of("damaged", "repaired", "lost")) {
      assertThat(
              leader.registry.getSampleValue(
                  "kurve_chunkserver_" + what + "_blocks_total",
                  new String[] {"disk"},
                  new String[] {"disk-1"}))
          .as(what)
          .isZero();
    }
  }

  @Test
  void rule16AFlippedBitIsRepairedFromAPeer() {
    damage(leader, 1);
    assertReads(leader, 1, 2);
    assertThat(leader.metric("kurve_chunkserver_damaged_blocks_total", "disk", "disk-1"))
        .isEqualTo(1);
    assertThat(leader.metric("kurve_chunkserver_repaired_blocks_total", "disk", "disk-1"))
        .isEqualTo(1);
    assertReads(leader, 1, 2);
    assertThat(leader.metric("kurve_chunkserver_damaged_blocks_total", "disk", "disk-1"))
        .isEqualTo(1);
  }

  @Test
  void rule16ALaggingPeerIsNoSource() {
    var unused = leader.write(9, 101, 1, 50);
    leader.log.applyAll();
    damage(leader, 1);
    assertThat(leader.read(101, 1).code()).isEqualTo("UNAVAILABLE");
    follow(third);
    assertReads(leader, 1, 50);
  }

  @Test
  void rule16APeerThatIsTenThousandEntriesBehindIsNoSource() {
    for (int n = 0; n < 10_000; n++) {
      var unused = leader.writeNext(100 + n, 101, 1, n);
      leader.log.applyAll();
    }
    long committed = leader.log.status().indexes().committed();
    second.log.hears(committed);
    third.log.hears(committed);
    damage(leader, 1);
    damage(second, 1);
    damage(third, 1);
    // Both are behind: that theirs are damaged too does not mean that it is lost.
    assertThat(leader.read(101, 1).code()).isEqualTo("UNAVAILABLE");
    follow(third);
    assertReads(leader, 1, 9_999);
  }

  @Test
  void rule05WhileAPeerReplaysItSaysNothingOfItsBlocks() {
    damage(leader, 1);
    damage(third, 1);
    ServiceWorld replaying = new ServiceWorld(ServiceLimits.defaults(), 20);
    connect(ServiceWorld.SECOND, replaying);
    follow(replaying);
    damage(replaying, 1);
    assertThat(leader.read(101, 1).code()).isEqualTo("UNAVAILABLE");
    for (int n = 0; n < 20; n++) {
      var unused = leader.writeNext(100 + n, 102, 1, n);
      leader.log.applyAll();
    }
    follow(replaying);
    assertThat(leader.read(101, 1).code()).isEqualTo("DATA_LOST");
  }

  @Test
  void rule16OnePeerDamagedTheOtherHelps() {
    damage(leader, 1);
    damage(second, 1);
    assertReads(leader, 1, 2);
  }

  @Test
  void rule16ADamagedTableNeedsTwoPeersAtOneIndex() {
    damageEntry(leader, 2);
    damage(second, 2);
    assertThat(leader.read(101, 2).code()).isEqualTo("UNAVAILABLE");
    connect(ServiceWorld.SECOND, third);
    assertReads(leader, 2, 3);
  }

  @Test
  void rule16ADamagedTableIsNotRepairedFromPeersThatAreBehind() {
    damageEntry(leader, 2);
    var unused = leader.write(9, 102, 1, 50);
    leader.log.applyAll();
    assertThat(leader.read(101, 2).code()).isEqualTo("UNAVAILABLE");
    follow(second);
    follow(third);
    assertReads(leader, 2, 3);
  }

  @Test
  void badOnAllReplicasIsDataLostForThatBlockOnly() {
    damage(leader, 1);
    damage(second, 1);
    damage(third, 1);
    assertThat(leader.read(101, 1).code()).isEqualTo("DATA_LOST");
    assertThat(leader.replica.damagedBlocks()).isEqualTo(1);
    assertReads(leader, 0, 1);
    assertReads(leader, 2, 3);
    var unused = leader.write(9, 101, 1, 60);
    leader.log.applyAll();
    assertReads(leader, 1, 60);
    assertThat(leader.replica.damagedBlocks()).isZero();
  }
}
