package io.kurve.chunkserver.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.kurve.chunkserver.copyset.Samples;
import io.kurve.chunkserver.store.FormatRequest;
import io.kurve.chunkserver.store.StoreIdentity;
import io.kurve.core.checksum.BlockChecksum;
import io.kurve.core.data.DataReply;
import io.kurve.core.data.DataRequest;
import io.kurve.core.disk.FileDisk;
import io.kurve.core.disk.Preallocation;
import io.kurve.core.id.AttachmentId;
import io.kurve.core.id.ClusterId;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.id.RequestId;
import io.kurve.core.id.StoreId;
import io.kurve.core.metadata.ClusterInspection;
import io.kurve.core.metadata.HostAndPort;
import io.kurve.core.metadata.MetadataService;
import io.kurve.core.metadata.VolumeAdmin;
import io.kurve.core.unit.ByteSize;
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
import io.prometheus.client.CollectorRegistry;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Three chunkservers on real disks and sockets, with a fake MDS. */
@Timeout(90)
class ThreeChunkserversTest {
  private static final ClusterId CLUSTER = new ClusterId(new UUID(8, 8));
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  @TempDir private Path folder;
  private final FakeMds mds = new FakeMds();
  private final List<Chunkserver> chunkservers = new ArrayList<>();
  private Identity identity;
  private ControlServer mdsServer;
  private DataClient client;
  private ChunkserverCommandsClient commands;

  @BeforeEach
  void start() throws Exception {
    ClusterKey key = ClusterKey.create(folder.resolve("key"));
    identity = Identity.of(CLUSTER, key, Role.MDS);
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
    for (int n = 1; n <= 3; n++) {
      Path disk = folder.resolve("disk-" + n);
      new Preallocation().createFile(disk, ByteSize.parse("256MiB"));
      try (FileDisk open = FileDisk.open(disk)) {
        StoreCreation.format(
            open,
            FormatRequest.of(
                new StoreIdentity(
                    CLUSTER, new StoreId(new UUID(0, n)), Instant.ofEpochMilli(1_000))));
      }
      chunkservers.add(run(n));
    }
  }

  private Chunkserver run(int n) throws Exception {
    Chunkserver chunkserver =
        new Chunkserver(
            ChunkserverConfig.parse(
                "--store", folder.resolve("disk-" + n).toString(),
                "--cluster-id", CLUSTER.toString(),
                "--key-file", folder.resolve("key").toString(),
                "--mds", mdsServer.address().toString(),
                "--failure-domain", "server-" + n),
            new HaltingFaultHandler());
    chunkserver.start();
    return chunkserver;
  }

  @AfterEach
  void stop() throws Exception {
    for (Chunkserver chunkserver : chunkservers) {
      chunkserver.close();
    }
    commands.close();
    client.close();
    mdsServer.close();
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

  private static void await(String what, BooleanSupplier condition) {
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() - end > 0) {
        throw new AssertionError(what + " did not come true in " + PATIENCE);
      }
      LockSupport.parkNanos(Duration.ofMillis(20).toNanos());
    }
  }

  private boolean grant() {
    Optional<ReplicaId> leader = mds.leader();
    if (leader.isEmpty()) {
      return false;
    }
    try {
      commands
          .grant(leader.get(), FakeMds.AUTHORITY, Samples.COPYSET, Samples.grant(1, 10).grant())
          .toCompletableFuture()
          .get(5, TimeUnit.SECONDS);
      return true;
    } catch (ExecutionException retry) {
      return false;
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  /** Asks whoever leads until somebody gives an answer that is final. */
  private DataReply ask(long number, DataRequest.Operation operation) {
    DataReply[] last = new DataReply[1];
    await(
        "an answer to " + operation,
        () -> {
          Optional<ReplicaId> leader = mds.leader();
          if (leader.isEmpty()) {
            return false;
          }
          last[0] = askOnce(leader.get(), number, operation);
          return !(last[0] instanceof DataReply.Failed);
        });
    return last[0];
  }

  private DataReply askOnce(ReplicaId leader, long number, DataRequest.Operation operation) {
    CompletableFuture<DataReply> answer = new CompletableFuture<>();
    client.send(
        mds.newcomer(leader).addresses().data(),
        new DataRequest(
            new DataRequest.Context(
                CLUSTER,
                leader.store(),
                Samples.COPYSET,
                new RequestId(new AttachmentId(10), number, 0),
                1,
                1,
                Duration.ofSeconds(3)),
            Samples.chunk(101),
            operation),
        answer::complete);
    return answer.orTimeout(10, TimeUnit.SECONDS).join();
  }

  private void write(long number, int block, int value) {
    ByteBuffer data = Samples.filled(1, value);
    assertThat(
            ask(
                number,
                new DataRequest.Write(
                    block * 4096, data, BlockChecksum.ofBlocks(data), Optional.empty())))
        .isEqualTo(new DataReply.Done());
  }

  private void assertReads(int block, int value) {
    DataReply.Data read = (DataReply.Data) ask(9_999, new DataRequest.Read(block * 4096, 4096));
    assertThat(read.data()).isEqualTo(Samples.filled(1, value));
  }

  @Test
  void writesSurviveALostLeaderAndARestartOfAll() throws Exception {
    await("a grant", this::grant);
    write(1, 0, 1);
    write(2, 1, 2);
    assertReads(0, 1);
    ReplicaId leader = mds.leader().orElseThrow();
    int index = (int) leader.store().value().getLeastSignificantBits() - 1;
    chunkservers.get(index).close();
    mds.forget(leader);
    write(3, 0, 3);
    assertReads(0, 3);
    assertReads(1, 2);
    chunkservers.set(index, run(index + 1));
    await("the returned one has caught up", mds::allCaughtUp);
    for (int n = 0; n < 3; n++) {
      chunkservers.get(n).close();
    }
    for (int n = 0; n < 3; n++) {
      chunkservers.set(n, run(n + 1));
    }
    assertReads(0, 3);
    assertReads(1, 2);
    write(1, 0, 99);
    assertReads(0, 3);
  }
}
