package io.kurve.simulation;

import io.kurve.chunkserver.service.ReadMode;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.ChunkserverId;
import io.kurve.core.id.ClusterId;
import io.kurve.core.id.StoreId;
import io.kurve.core.metadata.ChunkserverRegistry;
import io.kurve.core.metadata.VolumePolicy;
import io.kurve.mds.ClusterBirth;
import io.kurve.mds.record.Keys;
import io.kurve.mds.record.RecordCodec;
import io.kurve.mds.record.StoredRecord;
import io.kurve.mds.record.StoredRecord.ClusterRecord;
import io.kurve.mds.record.StoredRecord.DurableRecord;
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
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Stream;

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
  private final MoveCounts moves;
  private final Supplier<Adapters> planted;
  private final SeededRandom supervisor;
  private final long checkpointMillis;

  /** Volumes may be larger than the disks together: what is not refused must end well too. */
  private final VolumePolicy policy;

  private final FormattedDisks disks;
  private final List<SimMds> mdses = new ArrayList<>();
  private final List<SimChunkserver> chunkservers = new ArrayList<>();
  private final List<SimHost> hosts = new ArrayList<>();

  /**
   * @param servers chunkservers, of which each copyset has three
   */
  SimCluster(SimWorld world, FormattedDisks disks, int servers, Supplier<Adapters> planted) {
    this.world = world;
    this.network = new SimNetwork(world);
    this.raft = new SimRaft(world, network);
    this.planted = planted;
    this.disks = disks;
    SeededRandom random = world.fork();
    this.supervisor = random.fork();
    this.checkpointMillis = 500 + random.nextLong(4000);
    this.policy =
        new VolumePolicy(1000, Duration.ofMillis(random.chance(2) ? 0 : 1 + random.nextLong(8000)));
    this.store = new InMemoryMetaStore(world.process("metastore").start());
    this.moves = new MoveCounts(store);
    for (int i = 1; i <= MDSES; i++) {
      mdses.add(new SimMds(this, i));
    }
    for (int i = 1; i <= servers; i++) {
      StoreId id = FormattedDisks.storeId(i);
      chunkservers.add(new SimChunkserver(this, i, disks.copy(i, random.fork()), id));
    }
    for (int i = 1; i <= HOSTS; i++) {
      hosts.add(new SimHost(this, "host-" + i));
    }
  }

  /** In a quarter of all runs a majority is asked. */
  ReadMode reads() {
    return checkpointMillis % 4 == 0 ? ReadMode.QUORUM : ReadMode.LEASE;
  }

  void start() {
    var _ =
        ClusterBirth.bootstrap(
            store.connect(),
            new ClusterRecord(CLUSTER, 3, chunkservers.size(), COPYSETS, BIRTH),
            policy);
    mdses.forEach(SimMds::start);
    chunkservers.forEach(SimChunkserver::start);
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

  MoveCounts moves() {
    return moves;
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
    return chunkservers;
  }

  FormattedDisks disks() {
    return disks;
  }

  /** What the MDS has on record of a chunkserver's memory. */
  Optional<DurableRecord> durable(ChunkserverId chunkserver) {
    return records()
        .filter(record ->
            record instanceof DurableRecord found && found.chunkserver().equals(chunkserver))
        .map(DurableRecord.class::cast)
        .findFirst();
  }

  /** All that the MDS has stored. */
  Stream<StoredRecord> records() {
    return store.contents().stream()
        .filter(entry -> entry.key().startsWith(Keys.ALL) && !entry.key().equals(Keys.GATE))
        .map(entry -> RecordCodec.decode(entry.key(), entry.value()));
  }

  SimChunkserver chunkserver(StoreId id) {
    return chunkservers.stream()
        .filter(server -> server.hasBeen(id))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("no store " + id));
  }

  List<SimHost> hosts() {
    return hosts;
  }

  List<SimProcess> processes() {
    List<SimProcess> all = new ArrayList<>();
    mdses.forEach(mds -> all.add(mds.process()));
    chunkservers.forEach(server -> all.add(server.process()));
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
    chunkservers.forEach(SimChunkserver::comeBack);
    chunkservers.stream().filter(server -> !server.process().isUp()).forEach(SimChunkserver::start);
    hosts.stream().filter(host -> !host.process().isUp()).forEach(SimHost::start);
  }

  static KurveException notRunning() {
    return new KurveException(ErrorCode.UNAVAILABLE, "it is not running", "try again");
  }
}
