package io.kurve.protocol.data;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageLite;
import io.kurve.core.checksum.BlockChecksum;
import io.kurve.core.data.DataReply;
import io.kurve.core.data.DataRequest;
import io.kurve.core.data.ReplicaMessages;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.unit.Geometry;
import io.kurve.protocol.convert.DataMessages;
import io.kurve.protocol.convert.ReplicaFrames;
import io.kurve.protocol.convert.ReplicaWire;
import io.kurve.protocol.frame.Frame;
import io.kurve.protocol.frame.FrameConnection;
import io.kurve.protocol.frame.FrameType;
import io.kurve.protocol.v1.Challenge;
import io.kurve.protocol.v1.DataReplyHeader;
import io.kurve.protocol.v1.DataRequestHeader;
import io.kurve.protocol.v1.Hello;
import io.kurve.protocol.v1.PeerReplyHeader;
import io.kurve.protocol.v1.PeerRequestHeader;
import io.kurve.protocol.v1.Proof;
import io.kurve.protocol.v1.Refused;
import io.kurve.protocol.v1.ReplicaReplyHeader;
import io.kurve.protocol.v1.ReplicaRequestHeader;
import io.kurve.protocol.v1.Role;
import io.kurve.protocol.v1.Uuid;
import io.kurve.protocol.v1.Welcome;
import io.kurve.testkit.golden.GoldenFile;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Each frame of version 1 as it is on the wire: written, read and rewritten byte for byte. */
class FrameGoldenTest {
  private static final ReplicaMessages.FetchBlocks FETCH = ReplicaSamples.FETCH;

  @TestFactory
  Stream<DynamicTest> framesAreAsInVersion1() {
    return frames().entrySet().stream()
        .map(entry ->
            DynamicTest.dynamicTest(entry.getKey(), () -> check(entry.getKey(), entry.getValue())));
  }

  private static void check(String name, Frame frame) throws Exception {
    GoldenFile golden = new GoldenFile(FrameGoldenTest.class, "frame-" + name + "-v1.hex");
    golden.assertWrites(RawPeer.encode(frame));
    Frame read = decode(golden.read(), frame.type());
    Frame rewritten = new Frame(read.type(), read.correlation(), reparsed(read), read.payload());
    golden.assertWrites(RawPeer.encode(rewritten));
  }

  private static Frame decode(byte[] bytes, FrameType type) {
    EmbeddedChannel channel = new EmbeddedChannel();
    FrameConnection connection = FrameConnection.install(channel);
    List<Frame> frames = new ArrayList<>();
    ChannelInboundHandlerAdapter collector =
        new ChannelInboundHandlerAdapter() {
          @Override
          public void channelRead(ChannelHandlerContext context, Object message) {
            frames.add((Frame) message);
          }
        };
    ChannelInboundHandlerAdapter handshake = new ChannelInboundHandlerAdapter();
    channel.pipeline().addLast(handshake);
    if (type.compareTo(FrameType.REFUSED) > 0) {
      connection.authenticated(handshake, collector);
    } else {
      channel.pipeline().addLast(collector);
    }
    // In pieces of seven bytes: frames don't depend on how the network cuts them.
    for (int start = 0; start < bytes.length; start += 7) {
      boolean unused =
          channel.writeInbound(
              Unpooled.copiedBuffer(bytes, start, Math.min(7, bytes.length - start)));
    }
    boolean unused = channel.finish();
    assertThat(frames).hasSize(1);
    return frames.getFirst();
  }

  private static byte[] reparsed(Frame frame) throws InvalidProtocolBufferException {
    byte[] header = frame.header();
    return switch (frame.type()) {
      case HELLO -> Hello.parseFrom(header).toByteArray();
      case CHALLENGE -> Challenge.parseFrom(header).toByteArray();
      case PROOF -> Proof.parseFrom(header).toByteArray();
      case WELCOME -> Welcome.parseFrom(header).toByteArray();
      case REFUSED -> Refused.parseFrom(header).toByteArray();
      case PING, PONG -> header;
      case DATA_REQUEST -> {
        byte[] byCore = DataMessages.header(DataMessages.request(header, frame.payload()));
        assertThat(byCore).isEqualTo(DataRequestHeader.parseFrom(header).toByteArray());
        yield byCore;
      }
      case DATA_REPLY -> {
        byte[] byCore = DataMessages.header(DataMessages.reply(header, frame.payload()));
        assertThat(byCore).isEqualTo(DataReplyHeader.parseFrom(header).toByteArray());
        yield byCore;
      }
      case PEER_REQUEST -> PeerRequestHeader.parseFrom(header).toByteArray();
      case PEER_REPLY -> PeerReplyHeader.parseFrom(header).toByteArray();
      case REPLICA_REQUEST -> ReplicaRequestHeader.parseFrom(header).toByteArray();
      case REPLICA_REPLY -> ReplicaReplyHeader.parseFrom(header).toByteArray();
    };
  }

  private static Map<String, Frame> frames() {
    Map<String, Frame> frames = new LinkedHashMap<>();
    Uuid uuid = Uuid.newBuilder().setHigh(0x0123456789abcdefL).setLow(-2).build();
    ByteString bytes = ByteString.copyFrom(DataPlane.bytes(32, 1));
    frames.put(
        "hello",
        headed(
            FrameType.HELLO,
            Hello.newBuilder()
                .setProtocolVersion(1)
                .setCluster(uuid)
                .setRole(Role.ROLE_CHUNKSERVER)
                .setChunkserverId(3)
                .setStore(uuid)
                .setStoreGeneration(4)
                .setTargetStore(uuid)
                .setNonce(bytes)
                .setKeyFingerprint("0badcafe")
                .build()));
    frames.put(
        "challenge",
        headed(
            FrameType.CHALLENGE,
            Challenge.newBuilder()
                .setProtocolVersion(1)
                .setRole(Role.ROLE_MDS)
                .setStore(uuid)
                .setNonce(bytes)
                .setProof(bytes)
                .build()));
    frames.put(
        "challenge-of-start",
        headed(
            FrameType.CHALLENGE,
            Challenge.newBuilder()
                .setProtocolVersion(1)
                .setRole(Role.ROLE_CHUNKSERVER)
                .setStore(uuid)
                .setNonce(bytes)
                .setProof(bytes)
                .setStoreGeneration(7)
                .build()));
    frames.put("proof", headed(FrameType.PROOF, Proof.newBuilder().setProof(bytes).build()));
    frames.put(
        "welcome", headed(FrameType.WELCOME, Welcome.newBuilder().setMaxInFlight(1024).build()));
    frames.put(
        "refused",
        headed(
            FrameType.REFUSED,
            Refused.newBuilder().setCode("REFUSED").setText("why").setCure("how").build()));
    frames.put("ping", Frame.of(FrameType.PING, 1, new byte[0]));
    frames.put("pong", Frame.of(FrameType.PONG, 1, new byte[0]));
    addData(frames);
    addReplica(frames);
    return frames;
  }

  private static void addData(Map<String, Frame> frames) {
    DataRequest.Write write = DataPlane.write(Geometry.BLOCK_BYTES, Geometry.BLOCK_BYTES);
    frames.put("read", request(new DataRequest.Read(4096, 8192)));
    frames.put("write", request(write));
    frames.put(
        "compare-and-write",
        request(
            new DataRequest.Write(
                write.offset(), write.data(), write.checksums(), Optional.of(-7))));
    frames.put("write-zeroes", request(new DataRequest.WriteZeroes(0, Geometry.CHUNK_BYTES)));
    frames.put("discard", request(new DataRequest.Discard(4096, 4096)));
    frames.put("done", reply(new DataReply.Done()));
    ByteBuffer data = DataPlane.bytes(Geometry.BLOCK_BYTES, 2);
    frames.put("data", reply(new DataReply.Data(data, BlockChecksum.ofBlocks(data))));
    frames.put("mismatch", reply(new DataReply.Mismatch(-9)));
    frames.put(
        "failed",
        reply(
            new DataReply.Failed(
                ErrorCode.NOT_LEADER, Optional.of(DataPlane.REPLICA), "ask there")));
  }

  private static void addReplica(Map<String, Frame> frames) {
    ByteBuffer log = DataPlane.bytes(100, 3);
    frames.put(
        "peer-request",
        new Frame(
            FrameType.PEER_REQUEST,
            5,
            ReplicaFrames.peerHeader(
                new ReplicaFrames.PeerMessage(
                    DataPlane.COPYSET, DataPlane.STORE, 2, Duration.ofSeconds(1)),
                List.of(log)),
            log));
    frames.put("peer-reply", ReplicaFrames.peerReply(5, log));
    frames.put("peer-failure", ReplicaFrames.peerFailure(5, "not here"));
    frames.put(
        "replica-read",
        headed(
            FrameType.REPLICA_REQUEST,
            replica().setReadForRepair(ReplicaWire.message(ReplicaSamples.READ)).build()));
    frames.put(
        "replica-checkpoint",
        headed(
            FrameType.REPLICA_REQUEST,
            replica().setCheckpoint(ReplicaRequestHeader.Checkpoint.getDefaultInstance()).build()));
    frames.put(
        "replica-sums",
        headed(
            FrameType.REPLICA_REQUEST,
            replica().setChunkSums(ReplicaWire.message(ReplicaSamples.SUMS_QUERY)).build()));
    frames.put(
        "replica-fetch",
        headed(
            FrameType.REPLICA_REQUEST,
            replica().setFetchBlocks(ReplicaWire.message(FETCH)).build()));
    frames.put(
        "replica-digests",
        headed(
            FrameType.REPLICA_REQUEST,
            replica().setBlockDigests(ReplicaWire.message(ReplicaSamples.DIGESTS_QUERY)).build()));
    for (String name : List.of("read", "checkpoint", "sums", "fetch", "digests")) {
      Frame asked = frames.get("replica-" + name);
      if (asked == null) {
        throw new AssertionError(name);
      }
      frames.put(
          "replica-" + name + "-reply",
          ReplicaFrames.replicaRequest(asked)
              .dispatch(new ReplicaSamples(), 6)
              .toCompletableFuture()
              .join());
    }
    frames.put(
        "replica-failure",
        ReplicaFrames.replicaFailure(
            6, new KurveException(ErrorCode.DATA_LOST, "damaged", "ask another")));
  }

  private static ReplicaRequestHeader.Builder replica() {
    return ReplicaWire.request(DataPlane.STORE, DataPlane.COPYSET, Duration.ofSeconds(1));
  }

  private static Frame headed(FrameType type, MessageLite header) {
    return Frame.of(type, 9, header.toByteArray());
  }

  private static Frame request(DataRequest.Operation operation) {
    DataRequest request = DataPlane.request(operation);
    return new Frame(
        FrameType.DATA_REQUEST,
        0x0102030405060708L,
        DataMessages.header(request),
        DataMessages.payload(request));
  }

  private static Frame reply(DataReply reply) {
    return new Frame(
        FrameType.DATA_REPLY,
        0x0102030405060708L,
        DataMessages.header(reply),
        DataMessages.payload(reply));
  }
}
