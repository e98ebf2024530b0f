package io.kurve.protocol.data;

import io.kurve.core.checksum.BlockChecksum;
import io.kurve.core.data.ChunkAddress;
import io.kurve.core.data.DataReply;
import io.kurve.core.data.DataRequest;
import io.kurve.core.id.AttachmentId;
import io.kurve.core.id.ChunkId;
import io.kurve.core.id.ChunkserverId;
import io.kurve.core.id.ClusterId;
import io.kurve.core.id.CopysetGeneration;
import io.kurve.core.id.CopysetId;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.id.RequestId;
import io.kurve.core.id.StoreGeneration;
import io.kurve.core.id.StoreId;
import io.kurve.core.id.VolumeId;
import io.kurve.core.metadata.HostAndPort;
import io.kurve.core.unit.Geometry;
import io.kurve.protocol.handshake.ClusterKey;
import io.kurve.protocol.handshake.Identity;
import io.kurve.protocol.handshake.Role;
import io.prometheus.client.CollectorRegistry;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** One cluster's key, a store, and servers and clients that end with the test. */
final class DataPlane implements AutoCloseable {
  static final ClusterId CLUSTER = ClusterId.parse("00000000-0000-4000-8000-0000000000c1");
  static final StoreId STORE = StoreId.parse("00000000-0000-4000-8000-00000000005a");
  static final CopysetKey COPYSET = new CopysetKey(new CopysetId(7), new CopysetGeneration(2));
  static final ReplicaId REPLICA = new ReplicaId(new ChunkserverId(3), STORE);
  static final HostAndPort ANY_PORT = new HostAndPort("127.0.0.1", 0);

  final ClusterKey key;
  final CollectorRegistry registry = new CollectorRegistry();
  final WireMetrics metrics = new WireMetrics(registry);
  private final List<AutoCloseable> open = new ArrayList<>();

  DataPlane(Path folder) {
    key = ClusterKey.create(folder.resolve("cluster.key"));
  }

  Identity store() {
    return store(4);
  }

  /** One of its starts. */
  Identity store(long generation) {
    return Identity.ofStore(CLUSTER, key, STORE, new StoreGeneration(generation));
  }

  Identity client() {
    return Identity.of(CLUSTER, key, Role.CLIENT);
  }

  /** A chunkserver other than {@link #store()}. */
  Identity otherChunkserver() {
    return otherChunkserver(9);
  }

  /** One of its starts. */
  Identity otherChunkserver(long generation) {
    return Identity.ofStore(
            CLUSTER, key, new StoreId(new UUID(1, 2)), new StoreGeneration(generation))
        .registeredAs(new ChunkserverId(5));
  }

  DataServer server(DataHandler handler) {
    return server(DataServerConfig.on(ANY_PORT), handler, Optional.empty());
  }

  DataServer server(DataServerConfig config, DataHandler handler, Optional<PeerServices> peers) {
    return server(config, store(), handler, peers);
  }

  DataServer server(
      DataServerConfig config,
      Identity identity,
      DataHandler handler,
      Optional<PeerServices> peers) {
    DataServer server = DataServer.start(config, identity, handler, peers, metrics);
    open.add(server);
    return server;
  }

  DataClient client(Identity identity) {
    DataClient client = new DataClient(DataClientConfig.defaults(), identity, metrics);
    open.add(client);
    return client;
  }

  static DataRequest request(DataRequest.Operation operation) {
    return request(STORE, 1, operation, Duration.ofSeconds(10));
  }

  static DataRequest request(
      StoreId target, long number, DataRequest.Operation operation, Duration remaining) {
    return new DataRequest(
        new DataRequest.Context(
            CLUSTER,
            target,
            COPYSET,
            new RequestId(new AttachmentId(11), number, 3),
            1,
            1,
            remaining),
        new ChunkAddress(new VolumeId(21), 5, new ChunkId(31)),
        operation);
  }

  static DataRequest.Write write(int offset, int length) {
    ByteBuffer data = bytes(length, offset + length);
    return new DataRequest.Write(offset, data, BlockChecksum.ofBlocks(data), Optional.empty());
  }

  static ByteBuffer bytes(int length, long seed) {
    byte[] content = new byte[length];
    new Random(seed).nextBytes(content);
    return ByteBuffer.wrap(content);
  }

  static DataReply call(DataClient client, HostAndPort address, DataRequest request)
      throws InterruptedException, ExecutionException, TimeoutException {
    CompletableFuture<DataReply> answer = new CompletableFuture<>();
    client.send(address, request, answer::complete);
    return answer.get(10, TimeUnit.SECONDS);
  }

  static DataReply echo(DataRequest request) {
    return switch (request.operation()) {
      case DataRequest.Read read -> {
        ByteBuffer data = bytes(read.length(), read.offset());
        yield new DataReply.Data(data, BlockChecksum.ofBlocks(data));
      }
      case DataRequest.Write _, DataRequest.WriteZeroes _, DataRequest.Discard _ ->
          new DataReply.Done();
    };
  }

  static int blocks(int count) {
    return count * Geometry.BLOCK_BYTES;
  }

  @Override
  public void close() throws Exception {
    for (AutoCloseable closeable : open.reversed()) {
      closeable.close();
    }
  }
}
