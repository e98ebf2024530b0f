package io.kurve.chunkserver.server;

import io.kurve.chunkserver.service.ServiceMetrics;
import io.kurve.consensus.wal.WalMetrics;
import io.kurve.core.disk.Disk;
import io.kurve.core.disk.FileDisk;
import io.kurve.core.failure.FaultHandler;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.id.StoreId;
import io.kurve.core.metadata.ChunkserverRegistry.Addresses;
import io.kurve.core.metadata.ChunkserverRegistry.Newcomer;
import io.kurve.core.metadata.ChunkserverRegistry.Registration;
import io.kurve.core.metadata.HostAndPort;
import io.kurve.core.time.SystemRandom;
import io.kurve.protocol.control.ChunkserverServices;
import io.kurve.protocol.control.ControlServer;
import io.kurve.protocol.control.MdsClient;
import io.kurve.protocol.control.MdsClientConfig;
import io.kurve.protocol.data.DataClient;
import io.kurve.protocol.data.DataClientConfig;
import io.kurve.protocol.data.DataServer;
import io.kurve.protocol.data.DataServerConfig;
import io.kurve.protocol.data.PeerServices;
import io.kurve.protocol.data.WireMetrics;
import io.kurve.protocol.handshake.ClusterKey;
import io.kurve.protocol.handshake.Identity;
import io.kurve.protocol.observability.ObservabilityServer;
import io.prometheus.client.CollectorRegistry;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One chunkserver: one process, one disk.
 *
 * <pre>
 *   store opened ──> servers listen, answer "not yet" ──> registered and confirmed
 *        ──> replicas run ──> doors open ──> heartbeats, checkpoints ──> stop:
 *        doors closed, leaders handed over, last checkpoints, replicas, servers, store
 * </pre>
 */
public final class Chunkserver implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Chunkserver.class);

  private final ChunkserverConfig config;
  private final FaultHandler faults;
  private final CollectorRegistry registry = new CollectorRegistry();
  private final WireMetrics wireMetrics = new WireMetrics(registry);
  private final ServiceMetrics serviceMetrics = new ServiceMetrics(registry);
  private final Identity identity;
  private final OpenStore store;
  private final StoreMemory memory;
  private final Pools pools;
  private final PeerTransport transport = new PeerTransport();
  private final Doors doors = new Doors();
  private final DataServer dataServer;
  private final ControlServer controlServer;
  private final ObservabilityServer observability;
  private final MdsClient mds;
  private final Enrolment enrolment;
  private final CountDownLatch stop = new CountDownLatch(1);
  private final CountDownLatch stopped = new CountDownLatch(2);
  private volatile boolean started;
  private volatile @Nullable RunningChunkserver running;

  /**
   * Opens the store and listens; registers in the background.
   *
   * @throws io.kurve.core.failure.KurveException with cause and cure when it can't start
   */
  public Chunkserver(ChunkserverConfig config, FaultHandler faults) throws IOException {
    this(config, FileDisk.open(config.store()), faults);
  }

  /** On a disk that it takes over. */
  Chunkserver(ChunkserverConfig config, Disk disk, FaultHandler faults) throws IOException {
    this.config = config;
    this.faults = faults;
    ClusterKey key = ClusterKey.load(config.keyFile());
    this.store = OpenStore.open(disk, config.cluster(), faults, new WalMetrics(registry));
    this.memory = new StoreMemory(store.chunks());
    StoreId storeId = store.chunks().identity().store();
    this.identity = Identity.ofStore(config.cluster(), key, storeId, store.chunks().generation());
    this.pools = new Pools(faults);
    ChunkserverConfig.Ports ports = config.ports();
    this.dataServer =
        DataServer.start(
            DataServerConfig.on(new HostAndPort(ports.host(), ports.data())),
            identity,
            doors,
            Optional.of(new PeerServices(transport, doors)),
            wireMetrics);
    this.controlServer =
        ControlServer.start(
            new HostAndPort(ports.host(), ports.control()),
            identity,
            new ChunkserverServices(doors));
    this.observability =
        ObservabilityServer.start(
            new HostAndPort(ports.host(), ports.metrics()),
            registry,
            new ObservabilityServer.Probes(Optional::empty, this::notReady));
    StoreGauges.register(registry, store);
    this.mds = new MdsClient(config.mds(), identity, MdsClientConfig.defaults());
    this.enrolment = new Enrolment(mds.chunkservers(), new SystemRandom());
  }

  public Addresses addresses() {
    return new Addresses(dataServer.address(), controlServer.address(), observability.address());
  }

  private Optional<String> notReady() {
    return running == null
        ? Optional.of("not registered: " + enrolment.waitsFor())
        : Optional.empty();
  }

  /** Registers and runs, on threads of its own, until {@link #close}. */
  public void start() {
    started = true;
    var unused =
        Thread.ofPlatform()
            .name("heartbeat")
            .uncaughtExceptionHandler(this::failed)
            .start(this::enrolAndBeat);
  }

  private void failed(Thread thread, Throwable cause) {
    throw faults.halt(thread.getName() + " of " + config.store() + " failed", cause);
  }

  private void enrolAndBeat() {
    try {
      Optional<Registration.Confirmed> confirmed = enrolment.enrol(this::newcomer, stop);
      if (confirmed.isEmpty()) {
        stopped.countDown();
        return;
      }
      RunningChunkserver server = run(confirmed.get());
      var unused =
          Thread.ofPlatform()
              .name("checkpoints")
              .uncaughtExceptionHandler(this::failed)
              .start(() -> takeCheckpoints(server));
      server.beat(confirmed.get(), stop);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      stopped.countDown();
    }
  }

  private RunningChunkserver run(Registration.Confirmed confirmed) {
    memory.bind(confirmed.id());
    ReplicaId self = new ReplicaId(confirmed.id(), store.chunks().identity().store());
    DataClient client =
        dataServer.client(DataClientConfig.defaults(), identity.registeredAs(confirmed.id()));
    RunningChunkserver server =
        new RunningChunkserver(
            self,
            new RunningChunkserver.Parts(
                store, memory, pools, transport, serviceMetrics, faults, config.diskName()),
            client,
            mds.chunkservers(),
            config.reads());
    server.startReplicas();
    doors.open(server.services());
    running = server;
    return server;
  }

  private void takeCheckpoints(RunningChunkserver server) {
    try {
      server.checkpoint(stop);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      stopped.countDown();
    }
  }

  private Newcomer newcomer() {
    return new Newcomer(
        config.cluster(),
        store.chunks().identity().store(),
        memory.chunkserver(),
        store.start(),
        addresses(),
        config.failureDomain(),
        config.diskName(),
        Reporter.capacity(store.chunks(), store.wal().space()),
        memory.seen(),
        store.durableIndexes());
  }

  /** Stops in order; what was acknowledged is in the log anyway. */
  @Override
  public void close() throws IOException {
    log.info("{} stops", config.store());
    stop.countDown();
    doors.close();
    try {
      if (running == null) {
        // Ends a registration that is under way.
        mds.close();
      }
      if (started) {
        stopped.await();
      }
      RunningChunkserver server = running;
      if (server != null) {
        server.close();
        mds.close();
      }
      controlServer.close();
      dataServer.close();
      observability.close();
      pools.close();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    store.close();
  }
}
