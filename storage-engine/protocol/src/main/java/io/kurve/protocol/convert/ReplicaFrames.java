package io.kurve.protocol.convert;

import com.google.protobuf.InvalidProtocolBufferException;
import io.kurve.core.data.ReplicaMessages;
import io.kurve.core.data.ReplicaService;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.ChunkId;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.id.StoreId;
import io.kurve.core.unit.Geometry;
import io.kurve.protocol.frame.Frame;
import io.kurve.protocol.frame.FrameType;
import io.kurve.protocol.v1.PeerReplyHeader;
import io.kurve.protocol.v1.PeerRequestHeader;
import io.kurve.protocol.v1.ReplicaReplyHeader;
import io.kurve.protocol.v1.ReplicaRequestHeader;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.function.BiFunction;

/** Frames between chunkservers: log messages, and what replicas ask of each other. */
public final class ReplicaFrames {
  private ReplicaFrames() {}

  /** A log message; its bytes are the frame's payload. */
  public record PeerMessage(CopysetKey copyset, StoreId target, int kind, Duration remaining) {}

  public static byte[] peerHeader(PeerMessage message, List<ByteBuffer> payload) {
    return PeerRequestHeader.newBuilder()
        .setCopysetId(message.copyset().id().value())
        .setCopysetGeneration(message.copyset().generation().value())
        .setTargetStore(Ids.uuid(message.target().value()))
        .setKind(message.kind())
        .setRemainingMicros(DataMessages.micros(message.remaining()))
        .setPayloadCrc32C(Payloads.crc(payload))
        .build()
        .toByteArray();
  }

  /**
   * @throws BadMessage when the payload was damaged on its way
   */
  public static PeerMessage peerRequest(Frame frame) {
    try {
      PeerRequestHeader header = PeerRequestHeader.parseFrom(frame.header());
      Payloads.verify(frame, header.getPayloadCrc32C());
      return Ids.checked(() ->
          new PeerMessage(
              Ids.copyset(header.getCopysetId(), header.getCopysetGeneration()),
              new StoreId(Ids.uuid(header.getTargetStore())),
              header.getKind(),
              Duration.of(header.getRemainingMicros(), ChronoUnit.MICROS)));
    } catch (InvalidProtocolBufferException garbage) {
      throw new BadMessage("a log message's header can't be read", garbage);
    }
  }

  public static Frame peerReply(long correlation, ByteBuffer reply) {
    byte[] header =
        PeerReplyHeader.newBuilder()
            .setPayloadCrc32C(Payloads.crc(List.of(reply)))
            .build()
            .toByteArray();
    return new Frame(FrameType.PEER_REPLY, correlation, header, reply);
  }

  public static Frame peerFailure(long correlation, String why) {
    return Frame.of(
        FrameType.PEER_REPLY,
        correlation,
        PeerReplyHeader.newBuilder().setFailure(why).build().toByteArray());
  }

  /**
   * The failure's text, or empty when the payload is the answer.
   *
   * @throws BadMessage when the payload was damaged on its way
   */
  public static String peerReplyFailure(Frame frame) {
    try {
      PeerReplyHeader header = PeerReplyHeader.parseFrom(frame.header());
      if (header.getFailure().isEmpty()) {
        Payloads.verify(frame, header.getPayloadCrc32C());
      }
      return header.getFailure();
    } catch (InvalidProtocolBufferException garbage) {
      throw new BadMessage("a log message's answer can't be read", garbage);
    }
  }

  /** A request between replicas, on its way to the service that answers it. */
  public record ReplicaRequest(StoreId target, CopysetKey copyset, ReplicaRequestHeader header) {

    /** At least what the answer will weigh, or what is read to make it. */
    public int expectedBytes() {
      return switch (header.getRequestCase()) {
        case READ_FOR_REPAIR -> header.getReadForRepair().getBlockCount() * Geometry.BLOCK_BYTES;
        case FETCH_BLOCKS -> header.getFetchBlocks().getBlocksCount() * Geometry.BLOCK_BYTES;
        case BLOCK_DIGESTS -> header.getBlockDigests().getBlocksCount() * Geometry.BLOCK_BYTES;
        case CHECKPOINT, CHUNK_SUMS, REQUEST_NOT_SET -> Geometry.MAX_REQUEST_BYTES / 8;
      };
    }

    /** The stage always ends well: a failure becomes a frame too. */
    public CompletionStage<Frame> dispatch(ReplicaService service, long correlation) {
      return switch (header.getRequestCase()) {
        case READ_FOR_REPAIR ->
            framed(
                service.readForRepair(copyset, ReplicaWire.read(header.getReadForRepair())),
                correlation,
                ReplicaWire::frame);
        case CHECKPOINT -> framed(service.checkpoint(copyset), correlation, ReplicaWire::frame);
        case CHUNK_SUMS ->
            framed(
                service.chunkSums(
                    copyset,
                    new ReplicaMessages.ChunkSumsQuery(
                        new ChunkId(header.getChunkSums().getChunkId()),
                        header.getChunkSums().getContentDigest())),
                correlation,
                ReplicaWire::frame);
        case FETCH_BLOCKS ->
            framed(
                service.fetchBlocks(copyset, ReplicaWire.fetch(header.getFetchBlocks())),
                correlation,
                ReplicaWire::frame);
        case BLOCK_DIGESTS ->
            framed(
                service.blockDigests(copyset, ReplicaWire.digestsQuery(header.getBlockDigests())),
                correlation,
                ReplicaWire::frame);
        case REQUEST_NOT_SET -> throw new BadMessage("an unknown request between replicas");
      };
    }

    private static <T> CompletionStage<Frame> framed(
        CompletionStage<T> answer, long correlation, BiFunction<Long, T, Frame> frame) {
      return answer
          .thenApply(value -> frame.apply(correlation, value))
          .exceptionally(failure -> replicaFailure(correlation, failure(failure)));
    }

    private static KurveException failure(Throwable thrown) {
      Throwable cause =
          thrown instanceof CompletionException && thrown.getCause() != null
              ? thrown.getCause()
              : thrown;
      return cause instanceof KurveException known
          ? known
          : new KurveException(ErrorCode.INTERNAL, String.valueOf(cause), "", cause);
    }
  }

  /**
   * @throws BadMessage when ids or block numbers make no sense
   */
  public static ReplicaRequest replicaRequest(Frame frame) {
    try {
      ReplicaRequestHeader header = ReplicaRequestHeader.parseFrom(frame.header());
      return Ids.checked(() -> {
        ReplicaWire.requireSane(header);
        return new ReplicaRequest(
            new StoreId(Ids.uuid(header.getTargetStore())),
            Ids.copyset(header.getCopysetId(), header.getCopysetGeneration()),
            header);
      });
    } catch (InvalidProtocolBufferException garbage) {
      throw new BadMessage("a request between replicas can't be read", garbage);
    }
  }

  public static Frame replicaFailure(long correlation, KurveException failure) {
    ReplicaReplyHeader.Failed failed =
        ReplicaReplyHeader.Failed.newBuilder()
            .setCode(Ids.code(failure.code()))
            .setText(failure.text())
            .setCure(failure.cure())
            .build();
    return Frame.of(
        FrameType.REPLICA_REPLY,
        correlation,
        ReplicaReplyHeader.newBuilder().setFailed(failed).build().toByteArray());
  }
}
