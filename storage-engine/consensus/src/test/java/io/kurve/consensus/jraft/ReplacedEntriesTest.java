package io.kurve.consensus.jraft;

import static org.assertj.core.api.Assertions.assertThat;

import com.alipay.sofa.jraft.entity.EnumOutter.EntryType;
import com.alipay.sofa.jraft.entity.RaftOutter.EntryMeta;
import com.alipay.sofa.jraft.rpc.RpcRequests.AppendEntriesRequest;
import com.alipay.sofa.jraft.rpc.RpcRequests.AppendEntriesResponse;
import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import io.kurve.consensus.RaftTransport;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.log.LogPosition;
import io.kurve.testkit.log.Patience;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * A follower whose disk hangs while a new leader replaces entries: the old ones are durable, and
 * the new ones have their numbers. The test is the other two replicas.
 */
final class ReplacedEntriesTest {
  private static final Duration DEADLINE = Duration.ofSeconds(20);
  private static final Duration A_WHILE = Duration.ofMillis(300);

  private final InMemoryGroupLogs.Wal wal = new InMemoryGroupLogs.Wal();
  private final LoopbackCluster cluster =
      new LoopbackCluster(3, replica -> number(replica) == 1 ? wal : new InMemoryGroupLogs.Wal());
  private final ReplicaId follower = cluster.replicas().get(0);
  private final Leader odd = new Leader(cluster.replicas().get(1));
  private final Leader even = new Leader(cluster.replicas().get(2));
  private CountDownLatch disk = new CountDownLatch(0);

  @BeforeEach
  void start() {
    cluster.start(follower);
    wal.logs().space(0, 1 << 20);
  }

  @AfterEach
  void close() {
    disk.countDown();
    cluster.close();
  }

  @Test
  void rule05AnEntryThatReplacesADurableOneIsNotAppliedBeforeItIsDurableItself() {
    odd.appends(1, at(0, 0), 0, membership(1), data(1), data(1));
    even.probes(2, at(1, 3), 1);
    disk = wal.logs().stallAppends();
    var unused = even.begins(2, at(1, 1), 1, data(2), data(2));
    even.probes(2, at(2, 3), 1);
    odd.probes(3, at(2, 3), 3);
    assertThat(Patience.becomesTrue(A_WHILE, () -> !commands().isEmpty())).isFalse();
    disk.countDown();
    Patience.await("both are applied", DEADLINE, () -> commands().equals(List.of("2", "2")));
    assertThat(cluster.machine(follower).breaches()).isEmpty();
  }

  @Test
  void rule01AReplacedMembershipIsNeverPassedOn() {
    odd.appends(1, at(0, 0), 0, membership(1));
    even.appends(2, at(1, 1), 1, membership(2));
    even.probes(2, at(2, 2), 1);
    Patience.await("the first one", DEADLINE, () -> position().equals(at(1, 1)));
    disk = wal.logs().stallAppends();
    var unused = odd.begins(3, at(1, 1), 1, membership(3));
    odd.probes(3, at(3, 2), 2);
    Patience.await(
        "raft has applied it",
        DEADLINE,
        () -> cluster.log(follower).status().indexes().applied() == 2);
    odd.probes(3, at(3, 2), 2);
    CompletableFuture<LogPosition> checkpoint =
        cluster.log(follower).checkpoint().toCompletableFuture();
    assertThat(Patience.becomesTrue(A_WHILE, () -> !position().equals(at(1, 1)))).isFalse();
    Patience.await("no checkpoint", DEADLINE, checkpoint::isCompletedExceptionally);
    disk.countDown();
    Patience.await(
        "the second one",
        DEADLINE,
        () -> {
          odd.probes(3, at(3, 2), 2);
          return position().equals(at(3, 2));
        });
    assertThat(cluster.machine(follower).breaches()).isEmpty();
  }

  private List<String> commands() {
    return cluster.machine(follower).commands();
  }

  private LogPosition position() {
    return cluster.machine(follower).position();
  }

  private static LogPosition at(long term, long index) {
    return new LogPosition(term, index);
  }

  private static long number(ReplicaId replica) {
    return replica.chunkserver().value();
  }

  /** Its term is its command. */
  private static EntryMeta data(long term) {
    return EntryMeta.newBuilder()
        .setTerm(term)
        .setType(EntryType.ENTRY_TYPE_DATA)
        .setDataLen(1)
        .build();
  }

  private EntryMeta membership(long term) {
    return EntryMeta.newBuilder()
        .setTerm(term)
        .setType(EntryType.ENTRY_TYPE_CONFIGURATION)
        .setDataLen(0)
        .addAllPeers(
            cluster.replicas().stream().map(one -> PeerNames.peer(one).toString()).toList())
        .build();
  }

  private final class Leader {
    private final ReplicaId self;
    private final RaftTransport transport;

    Leader(ReplicaId self) {
      this.self = self;
      this.transport = cluster.network().attach(self);
    }

    /** Until it is answered well. */
    void appends(long term, LogPosition previous, long committed, EntryMeta... entries) {
      Patience.await(
          "it is appended", DEADLINE, () -> begins(term, previous, committed, entries).join());
    }

    /** Until the follower has the previous entry. */
    void probes(long term, LogPosition previous, long committed) {
      appends(term, previous, committed);
    }

    /** Gives whether it is answered well. */
    CompletableFuture<Boolean> begins(
        long term, LogPosition previous, long committed, EntryMeta... entries) {
      StringBuilder data = new StringBuilder();
      for (EntryMeta entry : entries) {
        data.append(entry.getDataLen() == 0 ? "" : entry.getTerm());
      }
      AppendEntriesRequest request =
          AppendEntriesRequest.newBuilder()
              .setGroupId(PeerNames.group(cluster.copyset()))
              .setServerId(PeerNames.peer(self).toString())
              .setPeerId(PeerNames.peer(follower).toString())
              .setTerm(term)
              .setPrevLogTerm(previous.term())
              .setPrevLogIndex(previous.index())
              .setCommittedIndex(committed)
              .addAllEntries(List.of(entries))
              .setData(ByteString.copyFromUtf8(data.toString()))
              .build();
      Answer answer = new Answer();
      transport.send(
          follower,
          cluster.copyset(),
          MessageKind.APPEND_ENTRIES.number(),
          MessageKind.encodeRequest(request),
          DEADLINE,
          answer);
      return answer.well;
    }
  }

  private static final class Answer implements RaftTransport.Answer {
    private final CompletableFuture<Boolean> well = new CompletableFuture<>();

    @Override
    public void reply(ByteBuffer reply) {
      try {
        well.complete(
            MessageKind.APPEND_ENTRIES.decodeReply(reply) instanceof AppendEntriesResponse response
                && response.getSuccess());
      } catch (InvalidProtocolBufferException e) {
        well.completeExceptionally(e);
      }
    }

    @Override
    public void failed(String why) {
      well.complete(false);
    }
  }
}
