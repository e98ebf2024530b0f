package io.kurve.simulation;

import io.kurve.core.metadata.HostAndPort;
import io.kurve.core.time.EventLoop;
import io.kurve.mds.Mds;
import io.kurve.mds.leadership.MdsPorts;
import io.kurve.mds.leadership.Timings;
import io.kurve.mds.repair.RepairPolicy;
import io.kurve.testkit.failure.HaltingFaultHandler;
import io.kurve.testkit.metastore.InMemoryMetaStore;
import io.kurve.testkit.world.SimProcess;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** One MDS process; its state is in the metadata store. */
final class SimMds {
  private final SimCluster cluster;
  private final SimProcess process;
  private @Nullable Mds mds;

  SimMds(SimCluster cluster, int number) {
    this.cluster = cluster;
    this.process = cluster.world().process("mds-" + number);
  }

  SimProcess process() {
    return process;
  }

  Optional<Mds> current() {
    return Optional.ofNullable(mds);
  }

  Mds running() {
    Mds now = mds;
    if (now == null) {
      throw SimCluster.notRunning();
    }
    return now;
  }

  void start() {
    EventLoop loop = process.start();
    cluster.supervise(process, this::start);
    InMemoryMetaStore.Session session = cluster.store().connect();
    process.atDeath(() -> {
      session.cutOff(true);
      mds = null;
    });
    Mds started =
        new Mds(
            new MdsPorts(
                loop,
                session,
                new RemoteCommands(cluster, process),
                cluster.world().fork(),
                () -> SimCluster.BIRTH.plusNanos(loop.nanoTime()),
                new HaltingFaultHandler(),
                addresses -> {}),
            timings(),
            new RepairPolicy(Duration.ofSeconds(6), 1),
            new HostAndPort(process.name(), 7400),
            (operation, took, error) -> {});
    mds = started;
    started.start();
  }

  private static Timings timings() {
    return new Timings(
        Duration.ofSeconds(2),
        Duration.ofMillis(300),
        Duration.ofMillis(700),
        Duration.ofSeconds(2),
        Duration.ofSeconds(4),
        Duration.ofSeconds(4),
        Duration.ofSeconds(3));
  }
}
