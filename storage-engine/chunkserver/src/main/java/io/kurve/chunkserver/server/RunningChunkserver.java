package io.kurve.chunkserver.server;

import io.kurve.chunkserver.service.CopysetReplica;
import io.kurve.chunkserver.service.Copysets;
import io.kurve.chunkserver.service.DataService;
import io.kurve.chunkserver.service.MdsCommands;
import io.kurve.chunkserver.service.ReadMode;
import io.kurve.chunkserver.service.ReplicaDoor;
import io.kurve.chunkserver.service.ServiceLimits;
import io.kurve.chunkserver.service.ServiceMetrics;
import io.kurve.consensus.jraft.JraftReplicas;
import io.kurve.consensus.jraft.KernelLeaseClock;
import io.kurve.consensus.jraft.ReplicationSettings;
import io.kurve.core.data.ReplicaService;
import io.kurve.core.failure.FaultHandler;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.log.Membership;
import io.kurve.core.log.ReplicaStatus;
import io.kurve.core.log.ReplicatedLogs;
import io.kurve.core.metadata.ChunkserverRegistry;
import io.kurve.core.metadata.ChunkserverRegistry.Registration;
import io.kurve.protocol.data.DataClient;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A chunkserver whose store is confirmed: replicas, heartbeats, checkpoints. */
final class RunningChunkserver {
  private static final Logger log = LoggerFactory.getLogger(RunningChunkserver.class);
  private static final Duration PEER_CALL = Duration.ofSeconds(10);
  private static final Duration HAND_OVER = Duration.ofSeconds(2);
  private static final Duration CHECKPOINT_LOOK = Duration.ofMillis(100);

  private final ReplicaId self;
  private final DataClient client;
  private final ReplicatedLogs logs;
  private final Copysets copysets;
  private final Doors.Services services;
  private final Heartbeat heartbeat;
  private final Checkpointer checkpointer;

  /** What it is made of, and who made that closes it. */
  record Parts(
      OpenStore store,
      StoreMemory memory,
      Pools pools,
      PeerTransport transport,
      ServiceMetrics metrics,
      FaultHandler faults,
      String diskName) {}

  RunningChunkserver(
      ReplicaId self,
      Parts parts,
      DataClient client,
      ChunkserverRegistry registry,
      ReadMode reads) {
    this.self = self;
    this.client = client;
    KnownAddresses addresses = new KnownAddresses();
    parts.transport().open(client.peers(addresses));
    this.logs =
        new FoundingLogs(
            parts.store().wal(),
            new JraftReplicas(
                self,
                parts.store().wal(),
                parts.transport(),
                parts.faults(),
                parts.pools().checkpoints(),
                new KernelLeaseClock(),
                ReplicationSettings.defaults()));
    Map<ReplicaId, ReplicaService> replicas = new ConcurrentHashMap<>();
    InstallPace pace = new InstallPace(InstallPace.BYTES_PER_SECOND, System::nanoTime);
    ServiceLimits limits = ServiceLimits.defaults();
    this.copysets =
        new Copysets(
            logs,
            new Copysets.Storage(
                parts.store().chunks(),
                new SharedCheckpoints(parts.store().chunks()),
                parts.faults(),
                parts.diskName()),
            new Copysets.Peers(
                self,
                id ->
                    replicas.computeIfAbsent(
                        id,
                        absent ->
                            new PacedReplica(client.replica(absent, addresses, PEER_CALL), pace)),
                reads),
            () -> true,
            parts.pools().service(),
            limits,
            parts.metrics());
    this.services =
        new Doors.Services(
            new DataService(
                parts.store().chunks().identity().cluster(),
                self.store(),
                copysets,
                limits,
                parts.metrics(),
                System::nanoTime),
            new ReplicaDoor(copysets, parts.pools().service().io()),
            new MdsCommands(self, copysets, parts.memory(), () -> true));
    this.heartbeat =
        new Heartbeat(
            registry,
            new Reporter(
                self,
                parts.store().start(),
                parts.store().chunks(),
                logs::space,
                parts.store().disk()::failure,
                copysets),
            parts.memory(),
            addresses,
            copysets,
            other -> introduce(other, parts.transport()));
    parts.store().disk().onFailedWrite(heartbeat::lastWords);
    this.checkpointer = new Checkpointer(copysets, parts.store().wal(), System::nanoTime);
  }

  /** So that it knows from the first second on that this start of the store is the last one. */
  private void introduce(ReplicaId other, PeerTransport transport) {
    if (!other.equals(self)) {
      var unused = transport.connected(other);
    }
  }

  Doors.Services services() {
    return services;
  }

  int copysets() {
    return copysets.all().size();
  }

  /** Starts the replicas that this store is a member of. */
  void startReplicas() {
    for (CopysetKey copyset : logs.members()) {
      var unused = copysets.open(copyset, Membership.ofVoters(List.of()));
    }
    log.info("{} runs {} replicas", self, copysets());
  }

  /** Until it is told to stop. */
  void beat(Registration.Confirmed confirmed, CountDownLatch stop) throws InterruptedException {
    long interval = confirmed.heartbeatInterval().toMillis();
    do {
      heartbeat.beat();
    } while (!stop.await(interval, TimeUnit.MILLISECONDS));
  }

  /** Until it is told to stop. */
  void checkpoint(CountDownLatch stop) throws InterruptedException {
    while (!stop.await(CHECKPOINT_LOOK.toMillis(), TimeUnit.MILLISECONDS)) {
      checkpointer.run();
    }
  }

  /** Hands leaderships over, takes last checkpoints, stops the replicas. */
  void close() throws InterruptedException {
    handOver();
    checkpointer.takeAll();
    copysets.close();
    logs.close();
    client.close();
  }

  private void handOver() throws InterruptedException {
    CompletableFuture<?>[] transfers =
        copysets.all().stream()
            .map(this::handOver)
            .flatMap(Optional::stream)
            .toArray(CompletableFuture<?>[]::new);
    try {
      CompletableFuture.allOf(transfers).get(HAND_OVER.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException | TimeoutException e) {
      log.info("not every copyset got another leader before the stop: {}", e.toString());
    }
  }

  private Optional<CompletableFuture<Void>> handOver(CopysetReplica replica) {
    ReplicaStatus status = replica.log().status();
    if (status.role() != ReplicaStatus.Role.LEADER) {
      return Optional.empty();
    }
    return status.followers().entrySet().stream()
        .filter(follower -> status.membership().voters().contains(follower.getKey()))
        .max(Map.Entry.comparingByValue())
        .map(best -> replica.log().transferLeadership(best.getKey()).toCompletableFuture());
  }
}
