package io.kurve.client.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kurve.client.BlockVolume;
import io.kurve.client.volume.FakeChunkservers;
import io.kurve.client.volume.FakeMds;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.ClusterId;
import io.kurve.core.id.CopysetId;
import io.kurve.core.id.StoreGeneration;
import io.kurve.core.metadata.CopysetPlacement.Member;
import io.kurve.core.metadata.HostAndPort;
import io.kurve.core.metadata.MetadataService.AccessMode;
import io.kurve.core.time.ThreadEventLoop;
import io.kurve.core.unit.Geometry;
import io.kurve.protocol.data.DataServer;
import io.kurve.protocol.data.DataServerConfig;
import io.kurve.protocol.data.WireMetrics;
import io.kurve.protocol.handshake.ClusterKey;
import io.kurve.protocol.handshake.Identity;
import io.kurve.protocol.handshake.Role;
import io.kurve.testkit.failure.HaltingFaultHandler;
import io.kurve.testkit.time.SeededRandom;
import io.prometheus.client.CollectorRegistry;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A client, three data servers on the loopback, and their copysets in this process. */
@Timeout(60)
class KurveClientTest {
  private static final ClusterId CLUSTER = new ClusterId(new UUID(1, 1));

  private final HaltingFaultHandler faults = new HaltingFaultHandler();
  private final ThreadEventLoop mdsLoop = new ThreadEventLoop("test-mds", faults).start();
  private final FakeChunkservers copysets = new FakeChunkservers(mdsLoop);
  private final FakeMds mds = new FakeMds(mdsLoop, copysets, Geometry.SEGMENT_BYTES);
  private final List<DataServer> servers = new ArrayList<>();
  private final WireMetrics wire = new WireMetrics(new CollectorRegistry());

  @TempDir Path folder = Path.of("");
  private Optional<KurveClient> client = Optional.empty();

  @BeforeEach
  void start() {
    ClusterKey key = ClusterKey.create(folder.resolve("cluster.key"));
    for (int i = 0; i < FakeChunkservers.SERVERS; i++) {
      Member member = FakeChunkservers.member(i);
      DataServer server =
          DataServer.start(
              DataServerConfig.on(new HostAndPort("127.0.0.1", 0)),
              Identity.ofStore(CLUSTER, key, member.replica().store(), new StoreGeneration(1)),
              (request, responder) -> {
                synchronized (copysets) {
                  responder.reply(copysets.answer(member, request));
                }
              },
              Optional.empty(),
              wire);
      servers.add(server);
      copysets.addresses.add(server.address());
    }
    client =
        Optional.of(
            new KurveClient(
                Identity.of(CLUSTER, key, Role.CLIENT),
                "host-a",
                mds,
                new CollectorRegistry(),
                faults));
  }

  @AfterEach
  void stop() {
    client.ifPresent(KurveClient::close);
    servers.forEach(DataServer::close);
    mdsLoop.close();
    assertThat(faults.isHalted()).isFalse();
  }

  @Test
  void bytesComeBackFromManyThreadsAndAcrossADeadLeader() {
    BlockVolume volume = await(open());
    SeededRandom random = new SeededRandom(7);
    byte[] bytes = new byte[5 << 20];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) random.nextLong();
    }
    long offset = Geometry.CHUNK_BYTES - (2 << 20) - 123;
    await(volume.write(offset, ByteBuffer.wrap(bytes)));
    servers.get(1).close();
    synchronized (copysets) {
      for (int copyset = 1; copyset <= FakeChunkservers.COPYSETS; copyset++) {
        copysets.lead(new CopysetId(copyset), 2);
      }
    }
    List<CompletableFuture<Void>> reads = new ArrayList<>();
    List<ByteBuffer> targets = new ArrayList<>();
    for (int at = 0; at < bytes.length; at += 100_000) {
      ByteBuffer target = ByteBuffer.allocateDirect(Math.min(100_000, bytes.length - at));
      targets.add(target);
      reads.add(volume.read(offset + at, target).toCompletableFuture());
    }
    reads.forEach(KurveClientTest::await);
    ByteBuffer all = ByteBuffer.allocate(bytes.length);
    targets.forEach(all::put);
    assertThat(all.array()).isEqualTo(bytes);
    await(volume.flush());
    await(volume.close());
  }

  @Test
  void anOpenIsTriedAgainAndItsRefusalTold() {
    int[] left = {2};
    mds.trouble =
        () ->
            left[0]-- > 0
                ? Optional.of(new FakeMds.Trouble(false, Optional.of(ErrorCode.UNAVAILABLE)))
                : Optional.empty();
    assertThat(await(open()).volume().name()).isEqualTo("demo");
    mds.trouble =
        () -> Optional.of(new FakeMds.Trouble(false, Optional.of(ErrorCode.ATTACHED_ELSEWHERE)));
    assertThatThrownBy(() -> await(open()))
        .isInstanceOf(CompletionException.class)
        .cause()
        .isInstanceOfSatisfying(
            KurveException.class,
            e -> assertThat(e.code()).isEqualTo(ErrorCode.ATTACHED_ELSEWHERE));
  }

  private CompletionStage<BlockVolume> open() {
    return client.orElseThrow().open("demo", AccessMode.EXCLUSIVE);
  }

  private static <T> T await(CompletionStage<T> stage) {
    return stage.toCompletableFuture().orTimeout(20, TimeUnit.SECONDS).join();
  }
}
