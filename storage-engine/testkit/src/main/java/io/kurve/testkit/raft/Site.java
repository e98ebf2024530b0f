package io.kurve.testkit.raft;

import io.kurve.core.id.CopysetKey;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.time.EventLoop;
import io.kurve.testkit.time.SeededRandom;
import io.kurve.testkit.world.SimNetwork;
import io.kurve.testkit.world.SimProcess;
import java.time.Duration;
import java.util.function.Consumer;

/** The place of one replica in its world. */
record Site(SimRaft raft, SimReplicatedLogs logs, CopysetKey copyset) {
  ReplicaId self() {
    return logs.self();
  }

  SimProcess process() {
    return logs.process();
  }

  EventLoop loop() {
    return logs.loop();
  }

  SeededRandom random() {
    return raft.random();
  }

  void later(Duration delay, Runnable task) {
    var _ = loop().schedule(delay, task);
  }

  /** In less than so long. */
  void soon(long belowNanos, Runnable task) {
    later(Duration.ofNanos(random().nextLong(belowNanos)), task);
  }

  void trace(String what) {
    raft.world().trace(self().chunkserver() + " " + what);
  }

  /** Does something at another replica, if the message gets there and it lives. */
  void send(ReplicaId to, SimNetwork.Kind kind, String what, Consumer<SimReplicatedLog<?>> action) {
    SimProcess there = raft.processOf(to);
    if (there == null) {
      return;
    }
    var _ =
        raft.network()
            .send(
                process(),
                there,
                kind,
                copyset + " " + what,
                () -> {
                  SimReplicatedLog<?> found = raft.find(to, copyset);
                  if (found != null && !found.standing().isClosed()) {
                    action.accept(found);
                  }
                });
  }
}
