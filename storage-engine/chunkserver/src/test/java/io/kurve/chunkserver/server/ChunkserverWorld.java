package io.kurve.chunkserver.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.kurve.chunkserver.copyset.Samples;
import io.kurve.chunkserver.store.FormatRequest;
import io.kurve.chunkserver.store.StoreIdentity;
import io.kurve.core.checksum.BlockChecksum;
import io.kurve.core.data.ChunkAddress;
import io.kurve.core.data.DataReply;
import io.kurve.core.data.DataRequest;
import io.kurve.core.disk.Disk;
import io.kurve.core.disk.FileDisk;
import io.kurve.core.disk.Preallocation;
import io.kurve.core.id.AttachmentId;
import io.kurve.core.id.ClusterId;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.id.RequestId;
import io.kurve.core.id.StoreId;
import io.kurve.core.metadata.ChunkserverCommands;
import io.kurve.core.metadata.ClusterInspection;
import io.kurve.core.metadata.HostAndPort;
import io.kurve.core.metadata.MetadataService;
import io.kurve.core.metadata.VolumeAdmin;
import io.kurve.core.unit.ByteSize;
import io.kurve.core.unit.Geometry;
import io.kurve.protocol.control.ChunkserverCommandsClient;
import io.kurve.protocol.control.ControlServer;
import io.kurve.protocol.control.MdsServices;
import io.kurve.protocol.data.DataClient;
import io.kurve.protocol.data.DataClientConfig;
import io.kurve.protocol.data.WireMetrics;
import io.kurve.protocol.handshake.ClusterKey;
import io.kurve.protocol.handshake.Identity;
import io.kurve.protocol.handshake.Role;
import io.kurve.testkit.failure.HaltingFaultHandler;
import io.kurve.testkit.log.Patience;
import io.prometheus.client.CollectorRegistry;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/** Chunkservers on real disks and sockets, with a fake MDS and a client of one volume. */
final class ChunkserverWorld implements AutoCloseable {
  static final ClusterId CLUSTER = new ClusterId(new UUID(8, 8));
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  final FakeMds mds;
  private final Path folder;
  private final String diskSize;
  private final Map<Integer, Chunkserver> running = new TreeMap<>();
  private final ControlServer mdsServer;
  private final DataClient client;
  private final ChunkserverCommandsClient commands;
  private final String reads;

  ChunkserverWorld(Path folder, FakeMds mds, String diskSize) throws IOException {
    this(folder, mds, diskSize, "lease");
  }

  private ChunkserverWorld(Path folder, FakeMds mds, String diskSize, String reads)
      throws IOException {
    this.folder = folder;
    this.mds = mds;
    this.diskSize = diskSize;
    this.reads = reads;
    ClusterKey key = ClusterKey.create(folder.resolve("key"));
    Identity identity = Identity.of(CLUSTER, key, Role.MDS);
    mdsServer =
        ControlServer.start(
            new HostAndPort("127.0.0.1", 0),
            identity,
            new MdsServices(
                nobody(MetadataService.class),
                nobody(VolumeAdmin.class),
                mds,
                nobody(ClusterInspection.class)));
    client =
        new DataClient(
            DataClientConfig.defaults(), identity, new WireMetrics(new CollectorRegistry()));
    commands =
        new ChunkserverCommandsClient(
            replica -> Optional.of(mds.newcomer(replica).addresses().control()),
            identity,
            Duration.ofSeconds(5));
  }

  /** Three stores with one copyset on all of them, to which attachment 10 may write. */
  static ChunkserverWorld ofThree(Path folder, CopysetKey copyset) throws IOException {
    return ofThree(folder, copyset, "lease");
  }

  /**
   * @param reads as {@code kurve chunkserver --reads} takes it
   */
  static ChunkserverWorld ofThree(Path folder, CopysetKey copyset, String reads)
      throws IOException {
    ChunkserverWorld world =
        new ChunkserverWorld(folder, new FakeMds(3, Set.of(copyset)), "256MiB", reads);
    for (int n = 1; n <= 3; n++) {
      world.create(n);
    }
    world.grant(copyset);
    return world;
  }

  @SuppressWarnings("unchecked") // The proxy is of that type.
  private static <T> T nobody(Class<T> service) {
    return (T)
        Proxy.newProxyInstance(
            service.getClassLoader(),
            new Class<?>[] {service},
            (proxy, method, arguments) -> {
              throw new AssertionError("nobody asks for " + method);
            });
  }

  Path disk(int n) {
    return folder.resolve("disk-" + n);
  }

  /** Makes the disk of the n-th chunkserver and starts it. */
  void create(int n) throws IOException {
    create(n, n);
  }

  /** As store number s. */
  void create(int n, int s) throws IOException {
    new Preallocation().createFile(disk(n), ByteSize.parse(diskSize));
    try (FileDisk open = FileDisk.open(disk(n))) {
      format(s, open);
    }
    start(n);
  }

  static void format(int s, Disk disk) throws IOException {
    StoreCreation.format(
        disk,
        FormatRequest.of(
            new StoreIdentity(CLUSTER, new StoreId(new UUID(0, s)), Instant.ofEpochMilli(1_000))));
  }

  void start(int n) throws IOException {
    start(n, FileDisk.open(disk(n)));
  }

  void start(int n, Disk disk) throws IOException {
    start(n, disk, 0);
  }

  /**
   * @param dataPort 0 for any
   */
  void start(int n, Disk disk, int dataPort) throws IOException {
    Chunkserver chunkserver =
        new Chunkserver(
            ChunkserverConfig.parse(
                "--store", disk(n).toString(),
                "--cluster-id", CLUSTER.toString(),
                "--key-file", folder.resolve("key").toString(),
                "--mds", mdsServer.address().toString(),
                "--data-port", String.valueOf(dataPort),
                "--reads", reads,
                "--failure-domain", "server-" + n),
            disk,
            new HaltingFaultHandler());
    running.put(n, chunkserver);
    chunkserver.start();
  }

  /** As a process that halted: what is left in this one is put away. */
  void bury(int n) throws IOException {
    try {
      stop(n);
    } catch (HaltingFaultHandler.Halted again) {
      // It had ended already.
    }
  }

  void stop(int n) throws IOException {
    Chunkserver stopped = running.remove(n);
    if (stopped != null) {
      stopped.close();
    }
  }

  @Override
  public void close() throws IOException {
    for (int n : List.copyOf(running.keySet())) {
      stop(n);
    }
    commands.close();
    client.close();
    mdsServer.close();
  }

  static int number(ReplicaId replica) {
    return (int) replica.store().value().getLeastSignificantBits();
  }

  static void await(String what, BooleanSupplier condition) {
    Patience.await(what, PATIENCE, condition);
  }

  void grant(CopysetKey copyset) {
    await("a grant in " + copyset, () -> grantOnce(copyset, Duration.ofSeconds(5)));
  }

  /** Repeats a command until it is done, as the MDS does. */
  void command(String what, Supplier<Optional<CompletionStage<Void>>> send) {
    await(
        what,
        () -> {
          try {
            Optional<CompletionStage<Void>> sent = send.get();
            sent.ifPresent(
                answer -> answer.toCompletableFuture().orTimeout(5, TimeUnit.SECONDS).join());
            return sent.isPresent();
          } catch (CompletionException retry) {
            return false;
          }
        });
  }

  ChunkserverCommands commands() {
    return commands;
  }

  /** For its work on the disk; whether it ends well is not asked. */
  void tryGrant(CopysetKey copyset) {
    boolean unused = grantOnce(copyset, Duration.ofMillis(200));
  }

  private boolean grantOnce(CopysetKey copyset, Duration deadline) {
    Optional<ReplicaId> leader = mds.leader(copyset);
    if (leader.isEmpty()) {
      return false;
    }
    try {
      commands
          .grant(leader.get(), FakeMds.AUTHORITY, copyset, Samples.grant(1, 10).grant())
          .toCompletableFuture()
          .get(deadline.toMillis(), TimeUnit.MILLISECONDS);
      return true;
    } catch (ExecutionException | TimeoutException retry) {
      return false;
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  /** Asks whoever leads until somebody gives an answer that is final. */
  private DataReply ask(
      CopysetKey copyset, long number, ChunkAddress chunk, DataRequest.Operation operation) {
    DataReply[] last = new DataReply[1];
    await(
        "an answer to " + operation,
        () -> {
          Optional<ReplicaId> leader = mds.leader(copyset);
          if (leader.isEmpty()) {
            return false;
          }
          last[0] = askOnce(leader.get(), copyset, number, chunk, operation);
          return !(last[0] instanceof DataReply.Failed);
        });
    return last[0];
  }

  private DataReply askOnce(
      ReplicaId leader,
      CopysetKey copyset,
      long number,
      ChunkAddress chunk,
      DataRequest.Operation operation) {
    HostAndPort there = mds.newcomer(leader).addresses().data();
    return askAt(there, leader, copyset, number, chunk, operation);
  }

  /** Asks a replica at an address that may be another's. */
  DataReply askAt(
      HostAndPort address,
      ReplicaId leader,
      CopysetKey copyset,
      long number,
      ChunkAddress chunk,
      DataRequest.Operation operation) {
    CompletableFuture<DataReply> answer = new CompletableFuture<>();
    client.send(
        address,
        new DataRequest(
            new DataRequest.Context(
                CLUSTER,
                leader.store(),
                copyset,
                new RequestId(new AttachmentId(10), number, 0),
                1,
                1,
                Duration.ofSeconds(3)),
            chunk,
            operation),
        answer::complete);
    return answer.orTimeout(10, TimeUnit.SECONDS).join();
  }

  void write(CopysetKey copyset, long number, long chunk, int block, ByteBuffer data) {
    assertThat(
            ask(
                copyset,
                number,
                Samples.chunk(chunk),
                new DataRequest.Write(
                    block * Geometry.BLOCK_BYTES,
                    data,
                    BlockChecksum.ofBlocks(data),
                    Optional.empty())))
        .isEqualTo(new DataReply.Done());
  }

  void assertReads(CopysetKey copyset, long chunk, int block, ByteBuffer expected) {
    DataReply.Data read =
        (DataReply.Data)
            ask(
                copyset,
                9_999_999,
                Samples.chunk(chunk),
                new DataRequest.Read(block * Geometry.BLOCK_BYTES, expected.remaining()));
    assertThat(read.data()).isEqualTo(expected);
  }

  /** A sample of what the n-th chunkserver shows under /metrics. */
  double metric(int n, String sample) {
    Chunkserver chunkserver = running.get(n);
    if (chunkserver == null) {
      throw new AssertionError("chunkserver " + n + " does not run");
    }
    try (HttpClient http = HttpClient.newHttpClient()) {
      String page =
          http.send(
                  HttpRequest.newBuilder(
                          URI.create("http://" + chunkserver.addresses().metrics() + "/metrics"))
                      .timeout(Duration.ofSeconds(10))
                      .build(),
                  HttpResponse.BodyHandlers.ofString())
              .body();
      return page.lines()
          .filter(line -> line.startsWith(sample + " "))
          .mapToDouble(line -> Double.parseDouble(line.substring(sample.length() + 1)))
          .findFirst()
          .orElseThrow(() -> new AssertionError("no " + sample + " in " + page));
    } catch (IOException | InterruptedException e) {
      throw new AssertionError(e);
    }
  }
}
