package io.kurve.chunkserver.service;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

/** An install over the messages that chunkservers exchange. */
class RemoteInstallTest {
  @Test
  void rule12InstallsThroughTheReplicaMessages() throws Exception {
    ServiceWorld leader = new ServiceWorld().ready(10);
    for (int n = 0; n < 20; n++) {
      var unused = leader.write(n + 1, 101 + n % 3, n * 7, n);
      leader.log.applyAll();
    }
    leader.log.checkpoint().toCompletableFuture().get();
    ServiceWorld empty = new ServiceWorld();
    empty.peers.put(ServiceWorld.SECOND, new SynchronousReplica(leader));
    var machine = empty.replica.machine();
    var _ = machine.install(ServiceWorld.SECOND, leader.replica.machine().restored());
    assertThat(machine.digest()).isEqualTo(leader.replica.machine().digest());
    assertThat(empty.metric("kurve_catch_up_bytes_total", "kind", "full")).isEqualTo(20 * 4096);
    assertThat(empty.metric("kurve_catch_up_bytes_total", "kind", "delta")).isZero();
  }

  @Test
  void rule16WhatIsDamagedAtTheSourceIsRepairedBeforeItIsGivenAway() throws Exception {
    ServiceWorld leader = new ServiceWorld().ready(10);
    ServiceWorld second = new ServiceWorld();
    ServiceWorld third = new ServiceWorld();
    leader.peers.put(ServiceWorld.SECOND, new SynchronousReplica(second));
    leader.peers.put(ServiceWorld.THIRD, new SynchronousReplica(third));
    for (int block = 0; block < 8; block++) {
      var unused = leader.write(block + 1, 101, block, block + 1);
    }
    leader.log.applyAll();
    leader.log.checkpoint().toCompletableFuture().get();
    leader.store.damage(leader.store.slotOf(101), 1);
    leader.store.damage(leader.store.slotOf(101), 5);
    leader.store.damageEntry(leader.store.slotOf(101), 3);
    ServiceWorld empty = new ServiceWorld();
    empty.peers.put(ServiceWorld.SECOND, new SynchronousReplica(leader));
    var machine = empty.replica.machine();
    assertThatThrownBy(
            () -> machine.install(ServiceWorld.SECOND, leader.replica.machine().restored()))
        .as("no peer has them yet")
        .hasMessageContaining("is damaged here");

    second.log.replicate(leader.log);
    third.log.replicate(leader.log);
    var _ = machine.install(ServiceWorld.SECOND, leader.replica.machine().restored());
    assertThat(machine.digest()).isEqualTo(second.replica.machine().digest());
    assertThat(leader.metric("kurve_chunkserver_repaired_blocks_total", "disk", "disk-1"))
        .isEqualTo(3);
  }
}
