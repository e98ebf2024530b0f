package io.kurve.consensus.jraft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.alipay.sofa.jraft.entity.EnumOutter.EntryType;
import com.alipay.sofa.jraft.entity.PeerId;
import com.alipay.sofa.jraft.entity.RaftOutter.EntryMeta;
import com.alipay.sofa.jraft.rpc.RpcRequests.AppendEntriesRequest;
import com.alipay.sofa.jraft.rpc.RpcRequests.AppendEntriesResponse;
import com.alipay.sofa.jraft.rpc.RpcRequests.ErrorResponse;
import com.alipay.sofa.jraft.rpc.RpcRequests.InstallSnapshotRequest;
import com.alipay.sofa.jraft.rpc.RpcRequests.InstallSnapshotResponse;
import com.alipay.sofa.jraft.rpc.RpcRequests.RequestVoteRequest;
import com.alipay.sofa.jraft.rpc.RpcRequests.RequestVoteResponse;
import com.alipay.sofa.jraft.rpc.RpcRequests.TimeoutNowRequest;
import com.alipay.sofa.jraft.rpc.RpcRequests.TimeoutNowResponse;
import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import io.kurve.core.id.ChunkserverId;
import io.kurve.core.id.CopysetGeneration;
import io.kurve.core.id.CopysetId;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.id.StoreId;
import io.kurve.core.log.LogPosition;
import io.kurve.core.log.Membership;
import io.kurve.core.log.ReplicatedStateMachine.Checkpoint;
import io.kurve.testkit.golden.GoldenFile;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The wire and log formats that are this package's own, byte for byte. */
final class RaftMessagesTest {
  private static final ReplicaId A = replica(1);
  private static final ReplicaId B = replica(2);
  private static final ReplicaId C = replica(3);
  private static final String GROUP =
      PeerNames.group(new CopysetKey(new CopysetId(7), new CopysetGeneration(3)));

  @ParameterizedTest
  @EnumSource(MessageKind.class)
  void requestsAndRepliesKeepTheirBytes(MessageKind kind) throws Exception {
    String name = "raft-" + kind.name().toLowerCase(Locale.ROOT).replace('_', '-');
    Message request = request(kind);
    byte[] requestBytes = bytes(LoopbackNetwork.joined(MessageKind.encodeRequest(request)));
    new GoldenFile(getClass(), name + "-request.hex").assertWrites(requestBytes);
    assertThat(kind.decodeRequest(ByteBuffer.wrap(requestBytes))).isEqualTo(request);
    Message reply = reply(kind);
    byte[] replyBytes = bytes(MessageKind.encodeReply(reply));
    new GoldenFile(getClass(), name + "-reply.hex").assertWrites(replyBytes);
    assertThat(kind.decodeReply(ByteBuffer.wrap(replyBytes))).isEqualTo(reply);
  }

  @Test
  void errorsKeepTheirBytes() throws Exception {
    Message error = ErrorResponse.newBuilder().setErrorCode(16).setErrorMsg("full").build();
    byte[] bytes = bytes(MessageKind.encodeReply(error));
    new GoldenFile(getClass(), "raft-error-reply.hex").assertWrites(bytes);
    assertThat(MessageKind.APPEND_ENTRIES.decodeReply(ByteBuffer.wrap(bytes))).isEqualTo(error);
  }

  @Test
  void numbersAreFixed() {
    assertThat(MessageKind.values()).extracting(MessageKind::number).containsExactly(1, 2, 3, 4, 5);
    assertThat(MessageKind.of(6)).isNull();
  }

  @Test
  void garbageIsRefused() {
    ByteBuffer garbage = ByteBuffer.wrap(new byte[] {9, 1, 2, 3});
    assertThatThrownBy(() -> MessageKind.APPEND_ENTRIES.decodeReply(garbage))
        .isInstanceOf(InvalidProtocolBufferException.class);
    assertThatThrownBy(() -> MessageKind.APPEND_ENTRIES.decodeReply(ByteBuffer.allocate(0)))
        .isInstanceOf(InvalidProtocolBufferException.class);
    assertThatThrownBy(() -> MessageKind.TIMEOUT_NOW.decodeRequest(garbage))
        .isInstanceOf(InvalidProtocolBufferException.class);
  }

  @Test
  void messagesThatMakeNoSenseAreFound() {
    AppendEntriesRequest sound = (AppendEntriesRequest) request(MessageKind.APPEND_ENTRIES);
    EntryMeta entry = sound.getEntries(0);
    assertThat(MessageCheck.isSound(sound)).isTrue();
    assertThat(MessageCheck.isSound(sound.toBuilder().setData(ByteString.EMPTY).build())).isFalse();
    for (EntryMeta bad :
        List.of(
            entry.toBuilder().setDataLen(-1).build(),
            entry.toBuilder().setTerm(5).build(),
            entry.toBuilder().setType(EntryType.ENTRY_TYPE_UNKNOWN).build(),
            entry.toBuilder().setType(EntryType.ENTRY_TYPE_CONFIGURATION).build(),
            entry.toBuilder()
                .setType(EntryType.ENTRY_TYPE_CONFIGURATION)
                .addPeers("10.0.0.1:80")
                .build())) {
      assertThat(MessageCheck.isSound(sound.toBuilder().setEntries(0, bad).build())).isFalse();
    }
    InstallSnapshotRequest install = (InstallSnapshotRequest) request(MessageKind.INSTALL_SNAPSHOT);
    assertThat(MessageCheck.isSound(install.getMeta(), install.getUri())).isTrue();
    assertThat(MessageCheck.isSound(install.getMeta(), "remote://x")).isFalse();
    assertThat(
            MessageCheck.isSound(
                install.getMeta().toBuilder().addLearners("x").build(), install.getUri()))
        .isFalse();
  }

  @Test
  void membershipEntriesKeepTheirBytes() {
    GroupConfiguration joint =
        new GroupConfiguration(List.of(A, B), List.of(A, C), List.of(C), List.of());
    byte[] bytes = bytes(joint.encode());
    new GoldenFile(getClass(), "raft-configuration-entry.hex").assertWrites(bytes);
    assertThat(GroupConfiguration.decode(ByteBuffer.wrap(bytes))).isEqualTo(joint);
    bytes[0] = 2;
    assertThatThrownBy(() -> GroupConfiguration.decode(ByteBuffer.wrap(bytes)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("version");
    bytes[0] = 1;
    assertThatThrownBy(() -> GroupConfiguration.decode(ByteBuffer.wrap(bytes, 0, 20)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("short");
  }

  @Test
  void peersAreNamedByChunkserverAndStore() {
    PeerId peer = PeerNames.peer(A);
    assertThat(peer).hasToString("1-00000000-0000-0001-0000-000000000001:1");
    assertThat(PeerNames.replica(PeerNames.parse(peer.toString()))).isEqualTo(A);
    assertThat(GROUP).isEqualTo("copyset-7-3");
  }

  private static Message request(MessageKind kind) {
    return switch (kind) {
      case APPEND_ENTRIES ->
          AppendEntriesRequest.newBuilder()
              .setGroupId(GROUP)
              .setServerId(name(A))
              .setPeerId(name(B))
              .setTerm(4)
              .setPrevLogTerm(3)
              .setPrevLogIndex(8)
              .setCommittedIndex(7)
              .addEntries(
                  EntryMeta.newBuilder()
                      .setTerm(4)
                      .setType(EntryType.ENTRY_TYPE_DATA)
                      .setDataLen(5))
              .setData(ByteString.copyFromUtf8("hello"))
              .build();
      case REQUEST_VOTE, REQUEST_VOTE_RELEASED ->
          RequestVoteRequest.newBuilder()
              .setGroupId(GROUP)
              .setServerId(name(A))
              .setPeerId(name(B))
              .setTerm(4)
              .setLastLogTerm(3)
              .setLastLogIndex(8)
              .setPreVote(kind == MessageKind.REQUEST_VOTE)
              .build();
      case TIMEOUT_NOW ->
          TimeoutNowRequest.newBuilder()
              .setGroupId(GROUP)
              .setServerId(name(A))
              .setPeerId(name(B))
              .setTerm(4)
              .build();
      case INSTALL_SNAPSHOT ->
          InstallSnapshotRequest.newBuilder()
              .setGroupId(GROUP)
              .setServerId(name(A))
              .setPeerId(name(B))
              .setTerm(4)
              .setMeta(
                  CheckpointMeta.encode(
                      new Checkpoint(
                          new LogPosition(3, 8), new Membership(List.of(A, B), List.of(C)))))
              .setUri(PeerNames.peer(A).getIp())
              .build();
    };
  }

  private static Message reply(MessageKind kind) {
    return switch (kind) {
      case APPEND_ENTRIES ->
          AppendEntriesResponse.newBuilder().setTerm(4).setSuccess(true).setLastLogIndex(9).build();
      case REQUEST_VOTE, REQUEST_VOTE_RELEASED ->
          RequestVoteResponse.newBuilder().setTerm(4).setGranted(true).build();
      case TIMEOUT_NOW -> TimeoutNowResponse.newBuilder().setTerm(5).setSuccess(true).build();
      case INSTALL_SNAPSHOT ->
          InstallSnapshotResponse.newBuilder().setTerm(4).setSuccess(true).build();
    };
  }

  private static String name(ReplicaId replica) {
    return PeerNames.peer(replica).toString();
  }

  private static byte[] bytes(ByteBuffer buffer) {
    byte[] bytes = new byte[buffer.remaining()];
    buffer.get(bytes);
    return bytes;
  }

  private static ReplicaId replica(long number) {
    return new ReplicaId(new ChunkserverId(number), new StoreId(new UUID(1, number)));
  }
}
