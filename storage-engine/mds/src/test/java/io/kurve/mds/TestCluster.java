package io.kurve.mds;

import static org.assertj.core.api.Assertions.assertThat;

import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.AttachmentId;
import io.kurve.core.id.ChunkserverId;
import io.kurve.core.id.ClusterId;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.id.MdsTerm;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.id.StoreGeneration;
import io.kurve.core.id.StoreId;
import io.kurve.core.id.StoreStart;
import io.kurve.core.metadata.ChunkserverRegistry;
import io.kurve.core.metadata.ChunkserverRegistry.HeartbeatReply;
import io.kurve.core.metadata.ChunkserverRegistry.Registration;
import io.kurve.core.metadata.ChunkserverReport;
import io.kurve.core.metadata.HostAndPort;
import io.kurve.core.metadata.MetadataService.AccessMode;
import io.kurve.core.metadata.MetadataService.Opened;
import io.kurve.core.metadata.Volume;
import io.kurve.core.metadata.VolumeAdmin.NewVolume;
import io.kurve.core.metadata.VolumePolicy;
import io.kurve.mds.leadership.MdsPorts;
import io.kurve.mds.leadership.Timings;
import io.kurve.mds.record.StoredRecord.ClusterRecord;
import io.kurve.mds.repair.RepairPolicy;
import io.kurve.testkit.failure.HaltingFaultHandler;
import io.kurve.testkit.metastore.InMemoryMetaStore;
import io.kurve.testkit.time.ManualEventLoop;
import io.kurve.testkit.time.SeededRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.function.BooleanSupplier;

/** A whole control plane in virtual time: a store, chunkservers that beat, and MDS processes. */
final class TestCluster {
  static final ClusterId CLUSTER = ClusterId.parse("00000000-0000-0000-0000-00000000c1c1");
  static final long MIB = 1L << 20;
  static final long GIB = 1L << 30;
  static final Instant BIRTH = Instant.parse("2026-11-01T00:00:00Z");

  final ManualEventLoop loop = new ManualEventLoop();
  final InMemoryMetaStore store = new InMemoryMetaStore(loop);
  final FakeChunkservers chunkservers = new FakeChunkservers(loop);
  final Map<StoreId, Disk> disks = new TreeMap<>();
  InMemoryMetaStore.Session session = store.connect();
  final HaltingFaultHandler faults = new HaltingFaultHandler();
  CutCommands commands = new CutCommands(chunkservers);
  RepairPolicy repair = RepairPolicy.standard();
  Mds mds = newMds();
  Runnable afterBirth = () -> {};
  int requests;

  /** How far the MDS's wall clock is off. */
  Duration wallOffset = Duration.ZERO;

  VolumePolicy policy = new VolumePolicy(100, Duration.ZERO);

  /** A chunkserver process that registers and then beats. */
  static final class Disk {
    final StoreId store;
    final String server;
    int slots = 512;
    int slotsUsed;
    long generation = 1;
    long startId = 1;
    int port = 9000;
    Optional<ChunkserverId> id = Optional.empty();
    Optional<String> unconfirmed = Optional.empty();
    Optional<String> failure = Optional.empty();
    List<ChunkserverReport.OutOfService> outOfService = List.of();
    Optional<ErrorCode> lastError = Optional.empty();
    final Map<CopysetKey, Long> durable = new TreeMap<>();
    ChunkserverReport.Seen seen = seen(0, 0, 0, 1);
    boolean stopped;
    boolean registering;

    Disk(StoreId store, String server) {
      this.store = store;
      this.server = server;
    }

    /** What is on the disk now, in another place. */
    Disk copy() {
      Disk copy = new Disk(store, server);
      copy.generation = generation;
      copy.startId = startId + 1000;
      copy.port = port + 1000;
      copy.id = id;
      copy.durable.putAll(durable);
      copy.seen = seen;
      return copy;
    }

    StoreStart start() {
      return new StoreStart(new StoreGeneration(generation), startId);
    }

    ReplicaId replica() {
      return new ReplicaId(id.orElseThrow(), store);
    }

    static ChunkserverReport.Seen seen(long term, long revision, long id, long attachment) {
      return new ChunkserverReport.Seen(
          new MdsTerm(term), revision, id, new AttachmentId(attachment));
    }
  }

  static TestCluster started(int diskCount, int copysets) {
    return started(diskCount, copysets, new VolumePolicy(100, Duration.ZERO));
  }

  static TestCluster started(int diskCount, int copysets, VolumePolicy policy) {
    TestCluster cluster = new TestCluster();
    cluster.policy = policy;
    cluster.bootstrap(diskCount, copysets);
    cluster.mds.start();
    for (int i = 1; i <= diskCount; i++) {
      cluster.addDisk(i, "server-" + i);
    }
    cluster.until(() -> cluster.chunkservers.copysets.size() == copysets);
    cluster.run(Duration.ofSeconds(4));
    return cluster;
  }

  void bootstrap(int diskCount, int copysets) {
    await(
        ClusterBirth.bootstrap(
            session, new ClusterRecord(CLUSTER, 3, diskCount, copysets, BIRTH), policy));
  }

  private Mds newMds() {
    return new Mds(
        new MdsPorts(
            loop,
            session,
            commands,
            new SeededRandom(7),
            () -> BIRTH.plusNanos(loop.nanoTime()).plus(wallOffset),
            faults,
            new ChunkserverAddresses()),
        Timings.standard(),
        repair,
        new HostAndPort("mds-1", 7400),
        (operation, took, error) -> {});
  }

  /** The process is killed: it says nothing to anybody any more. A new one starts. */
  void killMdsAndRestart() {
    cutMdsOff();
    run(Duration.ofSeconds(4));
    restartMds();
  }

  void cutMdsOff() {
    session.cutOff(true);
    commands.cut = true;
    mds.close();
  }

  void restartMds() {
    session = store.connect();
    commands = new CutCommands(chunkservers);
    mds = newMds();
    mds.start();
    until(() -> mds.notReady().isEmpty());
  }

  Disk addDisk(int number, String server) {
    Disk disk = new Disk(new StoreId(new UUID(0, number)), server);
    disks.put(disk.store, disk);
    beat(disk);
    return disk;
  }

  Disk disk(int number) {
    Disk disk = disks.get(new StoreId(new UUID(0, number)));
    if (disk == null) {
      throw new AssertionError("no disk " + number);
    }
    return disk;
  }

  void stop(Disk disk) {
    disk.stopped = true;
    chunkservers.down.add(disk.id.orElseThrow());
  }

  void restart(Disk disk) {
    disk.generation++;
    disk.startId++;
    disk.registering = true;
    disk.stopped = false;
    chunkservers.down.remove(disk.id.orElseThrow());
  }

  private void beat(Disk disk) {
    if (!disk.stopped && disk.unconfirmed.isEmpty()) {
      if (disk.id.isEmpty() || disk.registering) {
        register(disk);
      } else {
        heartbeat(disk);
      }
    }
    loop.schedule(Duration.ofSeconds(1), () -> beat(disk));
  }

  CompletionStage<Registration> register(Disk disk) {
    HostAndPort place = new HostAndPort(disk.server, disk.port);
    return mds.registry()
        .register(
            new ChunkserverRegistry.Newcomer(
                CLUSTER,
                disk.store,
                disk.id,
                disk.start(),
                new ChunkserverRegistry.Addresses(place, place, place),
                disk.server,
                "disk-" + disk.store.value().getLeastSignificantBits(),
                capacity(disk),
                disk.seen,
                Map.copyOf(disk.durable)))
        .whenComplete((registration, failure) -> {
          switch (registration) {
            case Registration.Confirmed confirmed -> {
              disk.id = Optional.of(confirmed.id());
              disk.registering = false;
            }
            case Registration.Unconfirmed unconfirmed ->
                disk.unconfirmed = Optional.of(unconfirmed.why());
            case null -> disk.lastError = code(failure);
          }
        });
  }

  CompletionStage<HeartbeatReply> heartbeat(Disk disk) {
    return mds.registry()
        .heartbeat(report(disk))
        .whenComplete((reply, failure) -> {
          if (reply == null) {
            disk.lastError = code(failure);
            return;
          }
          disk.lastError = Optional.empty();
          disk.seen =
              Disk.seen(
                  reply.authority().term().value(),
                  reply.authority().metastoreRevision(),
                  reply.authority().highestId(),
                  disk.seen.highestAttachment().value());
          reply.founding().forEach(chunkservers::found);
        });
  }

  ChunkserverReport report(Disk disk) {
    List<ChunkserverReport.CopysetReport> reports = new ArrayList<>();
    for (FakeChunkservers.FakeCopyset copyset : chunkservers.copysets.values()) {
      if (copyset.replicas.contains(disk.replica())) {
        // One that joins has all that the others have, at once.
        disk.durable.computeIfAbsent(copyset.key, this::mostDurable);
        disk.durable.merge(copyset.key, 1L, Long::sum);
        reports.add(
            new ChunkserverReport.CopysetReport(
                copyset.key,
                chunkservers.leader(copyset).filter(disk.replica()::equals).isPresent(),
                1 + chunkservers.down.size(),
                disk.durable.getOrDefault(copyset.key, 0L),
                disk.durable.getOrDefault(copyset.key, 0L),
                copyset.membership,
                List.of(),
                0,
                false));
      }
    }
    return new ChunkserverReport(
        disk.replica(),
        disk.start(),
        disk.seen,
        capacity(disk),
        disk.failure,
        reports,
        disk.outOfService);
  }

  private long mostDurable(CopysetKey copyset) {
    return disks.values().stream()
        .mapToLong(disk -> disk.durable.getOrDefault(copyset, 0L))
        .max()
        .orElse(0);
  }

  private static ChunkserverReport.Capacity capacity(Disk disk) {
    return new ChunkserverReport.Capacity(disk.slots, disk.slotsUsed, 1 << 30, 0);
  }

  void run(Duration time) {
    loop.advance(time);
    assertThat(faults.halts()).isEmpty();
  }

  void until(BooleanSupplier condition) {
    for (int i = 0; i < 3000 && !condition.getAsBoolean(); i++) {
      run(Duration.ofMillis(20));
    }
    assertThat(condition.getAsBoolean()).as("within a virtual minute").isTrue();
  }

  <T> T await(CompletionStage<T> stage) {
    CompletableFuture<T> future = stage.toCompletableFuture();
    until(future::isDone);
    return future.join();
  }

  KurveException refusal(CompletionStage<?> stage) {
    CompletableFuture<?> future = stage.toCompletableFuture();
    until(future::isDone);
    Throwable failure = future.exceptionNow();
    return (KurveException)
        (failure instanceof CompletionException && failure.getCause() != null
            ? failure.getCause()
            : failure);
  }

  static Optional<ErrorCode> code(Throwable failure) {
    Throwable cause =
        failure instanceof CompletionException && failure.getCause() != null
            ? failure.getCause()
            : failure;
    return cause instanceof KurveException known ? Optional.of(known.code()) : Optional.empty();
  }

  Volume create(String name, long bytes) {
    return await(
        mds.volumes().create("create-" + ++requests, new NewVolume(name, bytes, 4096, false)));
  }

  Opened open(String name, String host) {
    return await(mds.metadata().open(name, host, "open-" + ++requests, AccessMode.EXCLUSIVE));
  }
}
