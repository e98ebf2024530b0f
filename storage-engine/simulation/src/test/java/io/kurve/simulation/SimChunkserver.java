package io.kurve.simulation;

import io.kurve.chunkserver.server.Reporter;
import io.kurve.chunkserver.server.SharedCheckpoints;
import io.kurve.chunkserver.server.StoreMemory;
import io.kurve.chunkserver.service.CopysetReplica;
import io.kurve.chunkserver.service.Copysets;
import io.kurve.chunkserver.service.DataService;
import io.kurve.chunkserver.service.MdsCommands;
import io.kurve.chunkserver.service.ReplicaDoor;
import io.kurve.chunkserver.service.ServiceLimits;
import io.kurve.chunkserver.service.ServiceMetrics;
import io.kurve.chunkserver.service.ServicePools;
import io.kurve.chunkserver.store.ChunkStore;
import io.kurve.chunkserver.store.SlotStore;
import io.kurve.core.data.ReplicaService;
import io.kurve.core.id.ChunkserverId;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.id.StoreId;
import io.kurve.core.id.StoreStart;
import io.kurve.core.log.Membership;
import io.kurve.core.log.ReplicatedLogs.LogSpace;
import io.kurve.core.metadata.ChunkserverCommands;
import io.kurve.core.metadata.ChunkserverRegistry;
import io.kurve.core.metadata.ChunkserverRegistry.HeartbeatReply;
import io.kurve.core.metadata.ChunkserverRegistry.Newcomer;
import io.kurve.core.metadata.ChunkserverRegistry.Registration;
import io.kurve.core.metadata.HostAndPort;
import io.kurve.core.time.EventLoop;
import io.kurve.mds.record.StoredRecord.DurableRecord;
import io.kurve.protocol.data.DataHandler;
import io.kurve.testkit.disk.VolatileDisk;
import io.kurve.testkit.failure.HaltingFaultHandler;
import io.kurve.testkit.raft.KeptLogs;
import io.kurve.testkit.raft.SimReplicatedLogs;
import io.kurve.testkit.time.SeededRandom;
import io.kurve.testkit.world.SimProcess;
import io.prometheus.client.CollectorRegistry;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/** One chunkserver process with its disk; the disk outlives the process. */
final class SimChunkserver {
  private static final Duration REGISTER_AGAIN = Duration.ofMillis(400);
  private static final Duration HEARTBEAT = Duration.ofMillis(700);

  private final SimCluster cluster;
  private final SimProcess process;
  private final VolatileDisk disk;
  private final Set<StoreId> stores = new TreeSet<>();
  private final SeededRandom random;
  private StoreId storeId;
  private boolean touched;
  private boolean isOld;
  private long starts;
  private boolean logIsFull;
  private boolean absent;
  private @Nullable OldDisk old;
  private @Nullable Life life;

  /** A copy of the disk, with the log that lies on it. */
  private record OldDisk(
      VolatileDisk.Image image, KeptLogs log, Map<CopysetKey, Long> durable, long seenRevision) {
    /** Whether the MDS has it on record that the store knew more than this. */
    boolean isKnownToBeOld(DurableRecord record) {
      return record.seenRevision() > seenRevision
          || record.durableIndexes().entrySet().stream()
              .anyMatch(known -> durable.getOrDefault(known.getKey(), -1L) < known.getValue());
    }
  }

  SimChunkserver(SimCluster cluster, int number, VolatileDisk disk, StoreId storeId) {
    this.cluster = cluster;
    this.process = cluster.world().process("cs-" + number);
    this.disk = disk;
    this.storeId = storeId;
    this.random = cluster.world().fork();
    stores.add(storeId);
  }

  boolean hasBeen(StoreId store) {
    return stores.contains(store);
  }

  /** Whether it can't take part any more: its disk is from another time. */
  boolean hasOldDisk() {
    return isOld;
  }

  /** Whether its disk was emptied, so that it is another store now. */
  boolean isEmptied() {
    return touched && !isOld;
  }

  /** For a while there is no room in the log. */
  void fillLog(Duration time) {
    logIsFull = true;
    cluster.world().schedule(time, process + " log has room", () -> logIsFull = false);
  }

  /** It is gone for so long that it may be taken for lost. */
  void leave(Duration time) {
    absent = true;
    process.kill("it is gone for long");
    cluster.world().schedule(time, process + " comes back", this::comeBack);
  }

  boolean isAbsent() {
    return absent;
  }

  void comeBack() {
    if (absent) {
      absent = false;
      if (!process.isUp()) {
        start();
      }
    }
  }

  /** The process dies, and starts with an empty disk. */
  void wipe() {
    if (touched || running().isEmpty() || !othersAreWhole()) {
      return;
    }
    touched = true;
    process.kill("its disk is emptied");
    storeId = FormattedDisks.WIPED;
    stores.add(storeId);
    disk.restore(cluster.disks().wiped());
  }

  /** Copies the disk, or puts the copy in its place once it is old. */
  void copyOrRestore() {
    OldDisk copy = old;
    Optional<Life> now = running();
    if (now.isEmpty() || touched) {
      return;
    }
    ReplicaId self = now.get().self();
    if (copy == null) {
      old =
          new OldDisk(
              disk.image(),
              cluster.raft().keptLogs(self),
              cluster.raft().durableIndexes(self),
              now.get().memory.seen().metastoreRevision());
    } else if (othersAreWhole()
        && cluster.durable(self.chunkserver()).filter(copy::isKnownToBeOld).isPresent()) {
      touched = true;
      isOld = true;
      process.kill("an old copy of its disk is put in its place");
      disk.restore(copy.image());
      cluster.raft().restore(self, copy.log());
    }
  }

  /** A replica that is being installed counts for nothing until it is. */
  private boolean othersAreWhole() {
    return cluster.chunkservers().stream()
        .filter(other -> other != this)
        .allMatch(other ->
            other
                .running()
                .filter(life ->
                    life.copysets().all().stream()
                        .noneMatch(replica -> replica.machine().isInstalling()))
                .isPresent());
  }

  /** What must hold after each event. */
  void check() {
    if (isOld && running().isPresent()) {
      throw new AssertionError(process + " runs with an old copy of its disk");
    }
    if (process.isUp() && !disk.hasPower()) {
      process.kill("its disk has no power");
    }
  }

  SimProcess process() {
    return process;
  }

  VolatileDisk disk() {
    return disk;
  }

  StoreId storeId() {
    return storeId;
  }

  /** What runs now, once the store is confirmed. */
  Optional<Life> running() {
    Life now = life;
    return now != null && now.copysets != null ? Optional.of(now) : Optional.empty();
  }

  void start() {
    if (absent) {
      return;
    }
    disk.restart();
    EventLoop loop = process.start();
    cluster.supervise(process, this::start);
    process.atDeath(() -> {
      life = null;
      disk.crash();
    });
    loop.execute(() -> life = new Life(loop));
  }

  /** From a start of the process to its death. */
  final class Life {
    private final EventLoop loop;
    private final Adapters adapters = cluster.newAdapters();
    private final HaltingFaultHandler faults = new HaltingFaultHandler();
    private final ChunkStore chunks;
    private final SlotStore slots;
    private final StoreStart start;
    private final StoreMemory memory;
    private final ChunkserverRegistry registry;
    private @Nullable Copysets copysets;
    private @Nullable DataHandler data;
    private @Nullable ChunkserverCommands commands;
    private @Nullable ReplicaDoor door;

    Life(EventLoop loop) {
      this.loop = loop;
      this.chunks = ChunkStore.open(adapters.disk(disk), SimCluster.CLUSTER, faults);
      this.slots = adapters.slots(chunks);
      this.start = StoreStart.of(chunks.generation(), ++starts);
      this.memory = new StoreMemory(chunks);
      this.registry = cluster.registryFor(process);
      register();
    }

    private void register() {
      Optional<ChunkserverId> id = memory.chunkserver();
      HostAndPort place = new HostAndPort(process.name(), 1);
      Newcomer newcomer =
          new Newcomer(
              SimCluster.CLUSTER,
              storeId,
              id,
              start,
              new ChunkserverRegistry.Addresses(place, place, place),
              "server-" + process.name(),
              disk.name(),
              Reporter.capacity(slots, new LogSpace(0, 64 << 20)),
              memory.seen(),
              id.map(known -> cluster.raft().durableIndexes(new ReplicaId(known, storeId)))
                  .orElse(Map.of()));
      var _ =
          registry
              .register(newcomer)
              .whenComplete((registration, failure) -> {
                switch (registration) {
                  case Registration.Confirmed confirmed -> confirmed(confirmed.id());
                  case Registration.Unconfirmed unconfirmed -> {
                    cluster.world().trace(process + " is unconfirmed: " + unconfirmed.why());
                    registerAgain();
                  }
                  case null -> registerAgain();
                }
              });
    }

    private void registerAgain() {
      var _ = loop.schedule(REGISTER_AGAIN, this::register);
    }

    private void confirmed(ChunkserverId id) {
      memory.bind(id);
      ReplicaId self = new ReplicaId(id, storeId);
      SimReplicatedLogs simLogs =
          new SimReplicatedLogs(cluster.raft(), self, process, loop, () -> true, () -> logIsFull);
      AdaptedLogs logs = new AdaptedLogs(simLogs, adapters);
      ServiceMetrics metrics = new ServiceMetrics(new CollectorRegistry());
      ServiceLimits limits = ServiceLimits.defaults();
      Executor repairs = task -> process.fiber(loop, "repair", task);
      Copysets opened =
          new Copysets(
              logs,
              new Copysets.Storage(
                  slots, adapters.writer(new SharedCheckpoints(slots), slots), faults, disk.name()),
              new Copysets.Peers(self, this::peer, cluster.reads()),
              () -> true,
              new ServicePools(loop, repairs, (end, atMost) -> {}, loop::nanoTime),
              limits,
              metrics);
      data =
          adapters.data(
              new DataService(
                  SimCluster.CLUSTER, storeId, opened, limits, metrics, loop::nanoTime));
      commands = adapters.commands(new MdsCommands(self, opened, memory, () -> true));
      door = new ReplicaDoor(opened, loop);
      copysets = opened;
      for (CopysetKey copyset : simLogs.members()) {
        var _ = opened.open(copyset, Membership.ofVoters(List.of()));
      }
      Reporter reporter = new Reporter(self, start, slots, logs::space, Optional::empty, opened);
      beat(reporter, opened);
      checkpointSoon(opened);
    }

    private ReplicaService peer(ReplicaId replica) {
      return new RemoteReplica(cluster, process, cluster.chunkserver(replica.store()));
    }

    private void beat(Reporter reporter, Copysets opened) {
      memory.save();
      var _ =
          registry
              .heartbeat(reporter.report(memory.seen()))
              .whenComplete((reply, failure) -> {
                if (failure == null) {
                  obey(reply, opened);
                }
              });
      var _ = loop.schedule(HEARTBEAT, () -> beat(reporter, opened));
    }

    private void obey(HeartbeatReply reply, Copysets opened) {
      if (memory.answered(reply.authority())) {
        memory.save();
        reply.founding().forEach(opened::open);
      }
    }

    private void checkpointSoon(Copysets opened) {
      var _ =
          loop.schedule(
              Duration.ofMillis(500 + random.nextLong(cluster.checkpointMillis())),
              () -> {
                for (CopysetReplica replica : opened.all()) {
                  if (!replica.machine().isInstalling()) {
                    var _ = replica.log().checkpoint();
                  }
                }
                checkpointSoon(opened);
              });
    }

    ChunkStore chunks() {
      return chunks;
    }

    ReplicaId self() {
      return new ReplicaId(memory.chunkserver().orElseThrow(), chunks.identity().store());
    }

    Copysets copysets() {
      return ready(copysets);
    }

    DataHandler data() {
      return ready(data);
    }

    ChunkserverCommands commands() {
      return ready(commands);
    }

    ReplicaService door() {
      return ready(door);
    }

    private static <T> T ready(@Nullable T part) {
      if (part == null) {
        throw new IllegalStateException("the store is not confirmed yet");
      }
      return part;
    }
  }
}
