package io.kurve.protocol.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kurve.core.data.ReplicaMessages;
import io.kurve.core.data.ReplicaService;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.id.StoreGeneration;
import io.kurve.core.metadata.HostAndPort;
import io.kurve.protocol.handshake.Identity;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PeersTest {
  private static final Duration TIME = Duration.ofSeconds(10);

  @TempDir Path folder = Path.of("/");
  private DataPlane plane;
  private final List<PeerHandler.Sender> senders = new ArrayList<>();

  @BeforeEach
  void start() {
    plane = new DataPlane(folder);
  }

  @AfterEach
  void stop() throws Exception {
    plane.close();
  }

  /** Answers a log message with its own bytes, kind in front. */
  private AddressBook served() {
    return served(plane.store());
  }

  private AddressBook served(Identity store) {
    PeerHandler echo =
        (sender, copyset, kind, request, remaining, responder) -> {
          senders.add(sender);
          responder.reply(
              ByteBuffer.allocate(request.remaining() + 1).put((byte) kind).put(request).flip());
        };
    HostAndPort address =
        plane
            .server(
                DataServerConfig.on(DataPlane.ANY_PORT),
                store,
                (request, responder) -> {},
                Optional.of(new PeerServices(echo, new ReplicaSamples())))
            .address();
    return replica -> Optional.of(address);
  }

  private record Told(CompletableFuture<ByteBuffer> answer) implements PeerChannel.PeerAnswer {
    @Override
    public void reply(ByteBuffer reply) {
      answer.complete(reply);
    }

    @Override
    public void failed(String why) {
      answer.completeExceptionally(new AssertionError(why));
    }
  }

  private static CompletableFuture<ByteBuffer> send(PeerChannel peers, int kind, ByteBuffer bytes) {
    CompletableFuture<ByteBuffer> answer = new CompletableFuture<>();
    peers.send(DataPlane.REPLICA, DataPlane.COPYSET, kind, List.of(bytes), TIME, new Told(answer));
    return answer;
  }

  @Test
  void logMessagesArriveInOrderFromAProvenSender() throws Exception {
    PeerChannel peers = plane.client(plane.otherChunkserver()).peers(served());
    assertThat(peers.connected(DataPlane.REPLICA)).isFalse();
    List<CompletableFuture<ByteBuffer>> answers = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      answers.add(send(peers, i, DataPlane.bytes(i * 1000, i)));
    }
    for (int i = 0; i < 100; i++) {
      ByteBuffer reply = answers.get(i).get(10, TimeUnit.SECONDS);
      assertThat(reply.get()).isEqualTo((byte) i);
      assertThat(reply).isEqualTo(DataPlane.bytes(i * 1000, i));
    }
    assertThat(peers.connected(DataPlane.REPLICA)).isTrue();
    assertThat(senders.getFirst())
        .isEqualTo(
            new PeerHandler.Sender(
                plane.otherChunkserver().replica().orElseThrow(),
                plane.otherChunkserver().generation().orElseThrow()));
  }

  @Test
  void aMessageOfEightMebibytesPasses() throws Exception {
    PeerChannel peers = plane.client(plane.otherChunkserver()).peers(served());
    ByteBuffer big = DataPlane.bytes((8 << 20) - 1, 1);
    assertThat(send(peers, 1, big.duplicate()).get(10, TimeUnit.SECONDS).remaining())
        .isEqualTo(8 << 20);
  }

  @Test
  void othersThanChunkserversAreNotHeard() {
    PeerChannel peers = plane.client(plane.client()).peers(served());
    assertThatThrownBy(() -> send(peers, 1, DataPlane.bytes(10, 1)).get(10, TimeUnit.SECONDS))
        .hasMessageContaining("connection");
    assertThat(senders).isEmpty();
  }

  private static ByteBuffer said(PeerChannel peers) throws Exception {
    return send(peers, 1, DataPlane.bytes(10, 1)).get(10, TimeUnit.SECONDS);
  }

  /** Fails now, and for ever; in the end with this reason. */
  private static void assertUnheard(PeerChannel peers, String reason) throws Exception {
    long deadline = System.nanoTime() + TIME.toNanos();
    String why;
    do {
      assertThat(System.nanoTime()).as("waits for '%s'", reason).isLessThan(deadline);
      CompletableFuture<ByteBuffer> answer = send(peers, 1, DataPlane.bytes(10, 1));
      try {
        throw new AssertionError("it was answered: " + answer.get(10, TimeUnit.SECONDS));
      } catch (ExecutionException e) {
        why = String.valueOf(e.getMessage());
      }
    } while (!why.contains(reason));
  }

  private double staleStarts(String side) {
    return Objects.requireNonNull(
        plane.registry.getSampleValue(
            "kurve_wire_stale_starts_total", new String[] {"side"}, new String[] {side}));
  }

  @Test
  void rule11AnOlderStartOfAStoreIsNotHeardOnceANewerHasSpoken() throws Exception {
    AddressBook here = served();
    PeerChannel older = plane.client(plane.otherChunkserver(9)).peers(here);
    PeerChannel newer = plane.client(plane.otherChunkserver(10)).peers(here);
    said(older);
    said(newer);
    assertUnheard(older, "generation 9 of store");
    assertThat(senders)
        .as("nothing of it came through, on its open connection neither")
        .extracting(sender -> sender.generation().value())
        .containsExactly(9L, 10L);
    assertThat(staleStarts("server")).isGreaterThanOrEqualTo(2);
    said(newer);
    said(plane.client(plane.otherChunkserver(10)).peers(here));
    said(plane.client(plane.otherChunkserver(11)).peers(here));
    assertUnheard(newer, "generation 10 of store");
  }

  @Test
  void rule11AnOlderStartIsGivenNoBlocks() throws Exception {
    AddressBook here = served();
    ReplicaService older =
        plane.client(plane.otherChunkserver(9)).replica(DataPlane.REPLICA, here, TIME);
    assertThat(get(older.checkpoint(DataPlane.COPYSET))).isNotNull();
    said(plane.client(plane.otherChunkserver(10)).peers(here));
    assertThatThrownBy(() -> get(older.checkpoint(DataPlane.COPYSET)))
        .hasCauseInstanceOf(KurveException.class);
    assertThat(staleStarts("server")).isEqualTo(1);
  }

  @Test
  void rule11TheAnswersOfAnOlderStartCountForNothing() throws Exception {
    HostAndPort olderAddress = served(plane.store(4)).address(DataPlane.REPLICA).orElseThrow();
    HostAndPort newerAddress = served(plane.store(5)).address(DataPlane.REPLICA).orElseThrow();
    DataClient client = plane.client(plane.otherChunkserver());
    PeerChannel older = client.peers(replica -> Optional.of(olderAddress));
    PeerChannel newer = client.peers(replica -> Optional.of(newerAddress));
    ReplicaService blocks =
        client.replica(DataPlane.REPLICA, replica -> Optional.of(olderAddress), TIME);
    said(older);
    assertThat(get(blocks.checkpoint(DataPlane.COPYSET))).isNotNull();
    said(newer);
    assertUnheard(older, "generation 4 of store");
    assertThatThrownBy(() -> get(blocks.checkpoint(DataPlane.COPYSET)))
        .hasCauseInstanceOf(KurveException.class);
    assertThat(staleStarts("client")).isGreaterThanOrEqualTo(2);
    said(newer);
  }

  @Test
  void rule11AStartThatIsNotConfirmedDoesNotPushTheConfirmedOneOut() throws Exception {
    AddressBook here = served();
    PeerChannel confirmed = plane.client(plane.otherChunkserver(9)).peers(here);
    said(confirmed);
    Identity copy =
        Identity.ofStore(
            DataPlane.CLUSTER,
            plane.key,
            plane.otherChunkserver().store().orElseThrow(),
            new StoreGeneration(12));
    assertThatThrownBy(() -> said(plane.client(copy).peers(here)));
    said(confirmed);
  }

  private static <T> T get(CompletionStage<T> stage) throws Exception {
    return stage.toCompletableFuture().get(10, TimeUnit.SECONDS);
  }

  @Test
  void replicasAnswerEachOther() throws Exception {
    ReplicaId target = DataPlane.REPLICA;
    ReplicaService replica = plane.client(plane.otherChunkserver()).replica(target, served(), TIME);
    ReplicaMessages.RepairBlocks repair =
        get(replica.readForRepair(DataPlane.COPYSET, ReplicaSamples.READ));
    assertThat(repair.data()).isEqualTo(ReplicaSamples.repair().data());
    assertThat(repair.appliedIndex()).isEqualTo(99);
    assertThat(repair.whole()).isTrue();
    assertThat(get(replica.checkpoint(DataPlane.COPYSET))).isEqualTo(ReplicaSamples.manifest());
    ReplicaMessages.ChunkSums sums =
        get(replica.chunkSums(DataPlane.COPYSET, ReplicaSamples.SUMS_QUERY));
    assertThat(sums).usingRecursiveComparison().isEqualTo(ReplicaSamples.sums());
    assertThat(get(replica.blockDigests(DataPlane.COPYSET, ReplicaSamples.DIGESTS_QUERY)))
        .isEqualTo(ReplicaSamples.digests());
    ReplicaMessages.FetchedBlocks fetched =
        get(replica.fetchBlocks(DataPlane.COPYSET, ReplicaSamples.FETCH));
    assertThat(fetched.data()).isEqualTo(ReplicaSamples.fetched().data());
    assertThat(fetched.written()).isEqualTo(ReplicaSamples.fetched().written());
    assertThatThrownBy(() ->
            get(
                replica.readForRepair(
                    DataPlane.COPYSET,
                    new ReplicaMessages.ReadForRepair(ReplicaSamples.CHUNK, 6, 1))))
        .hasCauseInstanceOf(KurveException.class)
        .hasMessageContaining("damaged here too");
  }
}
