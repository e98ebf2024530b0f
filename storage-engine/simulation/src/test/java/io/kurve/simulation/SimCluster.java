package io.kurve.simulation;

import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.ClusterId;
import io.kurve.core.id.StoreId;
import io.kurve.core.metadata.ChunkserverRegistry;
import io.kurve.mds.ClusterBirth;
import io.kurve.mds.record.StoredRecord.ClusterRecord;
import io.kurve.testkit.metastore.InMemoryMetaStore;
import io.kurve.testkit.raft.SimRaft;
import io.kurve.testkit.time.SeededRandom;
import io.kurve.testkit.world.SimNetwork;
import io.kurve.testkit.world.SimProcess;
import io.kurve.testkit.world.SimWorld;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;

/** All processes of one run, and what connects them. */
final class SimCluster {
  static final ClusterId CLUSTER = ClusterId.parse("00000000-0000-0000-0000-00000000c1c1");
  static final Instant BIRTH = Instant.parse("2026-11-01T00:00:00Z");
  static final int COPYSETS = 2;
  private static final int MDSES = 2;
  private static final int HOSTS = 3;

  private final SimWorld world;
  private final SimNetwork network;
  private final SimRaft raft;
  private final InMemoryMetaStore store;
  private final Supplier<Adapters> planted;
  private final SeededRandom supervisor;
  private final long checkpointMillis;
  private final List<SimMds> mdses = new ArrayList<>();
  private final Map<StoreId, SimChunkserver> chunkservers = new TreeMap<>();
  private final List<SimHost> hosts = new ArrayList<>();

  SimCluster(SimWorld world, FormattedDisks disks, Supplier<Adapters> planted) {
    this.world = world;
    this.network = new SimNetwork(world);
    this.raft = new SimRaft(world, network);
    this.planted = planted;
    SeededRandom random = world.fork();
    this.supervisor = random.fork();
    this.checkpointMillis = 500 + random.nextLong(4000);
    this.store = new InMemoryMetaStore(world.process("metastore").start());
    for (int i = 1; i <= MDSES; i++) {
      mdses.add(new SimMds(this, i));
    }
    for (int i = 1; i <= disks.count(); i++) {
      StoreId id = FormattedDisks.storeId(i);
      chunkservers.put(id, new SimChunkserver(this, i, disks.copy(i, random.fork()), id));
    }
    for (int i = 1; i <= HOSTS; i++) {
      hosts.add(new SimHost(this, "host-" + i));
    }
  }

  void start() {
    var _ =
        ClusterBirth.bootstrap(
            store.connect(), new ClusterRecord(CLUSTER, 3, chunkservers.size(), COPYSETS, BIRTH));
    mdses.forEach(SimMds::start);
    chunkservers.values().forEach(SimChunkserver::start);
    hosts.forEach(SimHost::start);
  }

  SimWorld world() {
    return world;
  }

  SimNetwork network() {
    return network;
  }

  SimRaft raft() {
    return raft;
  }

  InMemoryMetaStore store() {
    return store;
  }

  long checkpointMillis() {
    return checkpointMillis;
  }

  Adapters newAdapters() {
    return planted.get();
  }

  List<SimMds> mdses() {
    return mdses;
  }

  List<SimChunkserver> chunkservers() {
    return List.copyOf(chunkservers.values());
  }

  SimChunkserver chunkserver(StoreId id) {
    SimChunkserver found = chunkservers.get(id);
    if (found == null) {
      throw new IllegalArgumentException("no store " + id);
    }
    return found;
  }

  List<SimHost> hosts() {
    return hosts;
  }

  List<SimProcess> processes() {
    List<SimProcess> all = new ArrayList<>();
    mdses.forEach(mds -> all.add(mds.process()));
    chunkservers.values().forEach(server -> all.add(server.process()));
    hosts.forEach(host -> all.add(host.process()));
    return all;
  }

  ChunkserverRegistry registryFor(SimProcess process) {
    return new RemoteMds(this, process);
  }

  /** What dies is started again after a while, as a service manager does it. */
  void supervise(SimProcess process, Runnable start) {
    process.atDeath(() ->
        world.schedule(
            Duration.ofMillis(20 + supervisor.nextLong(supervisor.chance(3) ? 4000 : 500)),
            "restart " + process,
            () -> {
              if (!process.isUp()) {
                start.run();
              }
            }));
  }

  /** Everything that is dead lives again, nothing is paused or cut. */
  void heal() {
    network.healAll();
    network.faults(SimNetwork.Faults.NONE);
    raft.nastiness(SimRaft.Nastiness.NONE);
    processes().forEach(SimProcess::resume);
    mdses.stream().filter(mds -> !mds.process().isUp()).forEach(SimMds::start);
    chunkservers.values().stream()
        .filter(server -> !server.process().isUp())
        .forEach(SimChunkserver::start);
    hosts.stream().filter(host -> !host.process().isUp()).forEach(SimHost::start);
  }

  static KurveException notRunning() {
    return new KurveException(ErrorCode.UNAVAILABLE, "it is not running", "try again");
  }
}
