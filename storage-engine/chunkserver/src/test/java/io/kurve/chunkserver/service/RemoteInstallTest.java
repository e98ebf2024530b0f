package io.kurve.chunkserver.service;

import static org.assertj.core.api.Assertions.assertThat;

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
}
