package io.kurve.protocol.convert;

import com.google.protobuf.InvalidProtocolBufferException;
import io.kurve.core.data.ChunkAddress;
import io.kurve.core.data.DataReply;
import io.kurve.core.data.DataRequest;
import io.kurve.core.id.AttachmentId;
import io.kurve.core.id.ChunkId;
import io.kurve.core.id.ClusterId;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.id.RequestId;
import io.kurve.core.id.StoreId;
import io.kurve.core.id.VolumeId;
import io.kurve.core.unit.Geometry;
import io.kurve.protocol.handshake.ServerHandshake;
import io.kurve.protocol.v1.DataReplyHeader;
import io.kurve.protocol.v1.DataRequestHeader;
import io.kurve.protocol.v1.Operation;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;

/** Data requests and replies; bulk bytes pass by as they are. */
public final class DataMessages {
  private static final ByteBuffer NONE = ByteBuffer.allocate(0);

  private DataMessages() {}

  public static byte[] header(DataRequest request) {
    DataRequest.Context context = request.context();
    DataRequest.Operation operation = request.operation();
    DataRequestHeader.Builder header =
        DataRequestHeader.newBuilder()
            .setProtocolVersion(ServerHandshake.VERSION)
            .setCluster(Ids.uuid(context.cluster().value()))
            .setTargetStore(Ids.uuid(context.target().value()))
            .setCopysetId(context.copyset().id().value())
            .setCopysetGeneration(context.copyset().generation().value())
            .setVolumeId(request.address().volume().value())
            .setAttachmentId(context.id().attachment().value())
            .setRequestNumber(context.id().number())
            .setRequestPart(context.id().part())
            .setAnsweredBelow(context.answeredBelow())
            .setVolumeSequence(context.volumeSequence())
            .setRemainingMicros(micros(context.remaining()))
            .setChunkIndex(request.address().index())
            .setChunkId(request.address().chunk().value())
            .setOffset(operation.offset())
            .setLength(operation.length());
    switch (operation) {
      case DataRequest.Read _ -> header.setOperation(Operation.READ);
      case DataRequest.Write write -> {
        header.setOperation(Operation.WRITE);
        for (int checksum : write.checksums()) {
          header.addBlockCrc32C(checksum);
        }
        write.expected().ifPresent(header::setCompareCrc32C);
      }
      case DataRequest.WriteZeroes _ -> header.setOperation(Operation.WRITE_ZEROES);
      case DataRequest.Discard _ -> header.setOperation(Operation.DISCARD);
    }
    return header.build().toByteArray();
  }

  public static ByteBuffer payload(DataRequest request) {
    return request.operation() instanceof DataRequest.Write write ? write.data() : NONE;
  }

  /**
   * @throws BadMessage when offsets, lengths, checksums or ids make no sense
   */
  public static DataRequest request(byte[] bytes, ByteBuffer payload) {
    DataRequestHeader header;
    try {
      header = DataRequestHeader.parseFrom(bytes);
    } catch (InvalidProtocolBufferException garbage) {
      throw new BadMessage("a data request's header can't be read", garbage);
    }
    if (header.getProtocolVersion() != ServerHandshake.VERSION) {
      throw new BadMessage(
          "data request of protocol version "
              + header.getProtocolVersion()
              + ", this side speaks "
              + ServerHandshake.VERSION);
    }
    return Ids.checked(
        () -> new DataRequest(context(header), address(header), operation(header, payload)));
  }

  private static DataRequest.Context context(DataRequestHeader header) {
    return new DataRequest.Context(
        new ClusterId(Ids.uuid(header.getCluster())),
        new StoreId(Ids.uuid(header.getTargetStore())),
        Ids.copyset(header.getCopysetId(), header.getCopysetGeneration()),
        new RequestId(
            new AttachmentId(header.getAttachmentId()),
            header.getRequestNumber(),
            header.getRequestPart()),
        header.getAnsweredBelow(),
        header.getVolumeSequence(),
        Duration.of(header.getRemainingMicros(), ChronoUnit.MICROS));
  }

  private static ChunkAddress address(DataRequestHeader header) {
    if (header.getChunkIndex() < 0) {
      throw new BadMessage("chunk index " + header.getChunkIndex());
    }
    return new ChunkAddress(
        new VolumeId(header.getVolumeId()),
        header.getChunkIndex(),
        new ChunkId(header.getChunkId()));
  }

  private static DataRequest.Operation operation(DataRequestHeader header, ByteBuffer payload) {
    Operation kind = header.getOperation();
    int offset = header.getOffset();
    int length = header.getLength();
    int longest =
        kind == Operation.READ || kind == Operation.WRITE
            ? Geometry.MAX_REQUEST_BYTES
            : Geometry.CHUNK_BYTES;
    if (offset < 0
        || length <= 0
        || length > longest
        || offset > Geometry.CHUNK_BYTES - length
        || offset % Geometry.BLOCK_BYTES != 0
        || length % Geometry.BLOCK_BYTES != 0) {
      throw new BadMessage(
          kind
              + " of "
              + length
              + " bytes at "
              + offset
              + " is not whole blocks inside a chunk, or too long");
    }
    if (payload.remaining() != (kind == Operation.WRITE ? length : 0)) {
      throw new BadMessage(
          kind + " of " + length + " bytes came with " + payload.remaining() + " bytes of data");
    }
    return switch (kind) {
      case READ -> new DataRequest.Read(offset, length);
      case WRITE -> write(header, offset, payload);
      case WRITE_ZEROES -> new DataRequest.WriteZeroes(offset, length);
      case DISCARD -> new DataRequest.Discard(offset, length);
      case OPERATION_UNSPECIFIED, UNRECOGNIZED -> throw new BadMessage("unknown operation");
    };
  }

  private static DataRequest.Write write(DataRequestHeader header, int offset, ByteBuffer payload) {
    int blocks = payload.remaining() / Geometry.BLOCK_BYTES;
    if (header.getBlockCrc32CCount() != blocks) {
      throw new BadMessage(
          blocks + " blocks came with " + header.getBlockCrc32CCount() + " checksums");
    }
    if (header.hasCompareCrc32C() && blocks != 1) {
      throw new BadMessage("compare-and-write of " + blocks + " blocks, it is for one");
    }
    return new DataRequest.Write(
        offset,
        payload,
        checksums(header.getBlockCrc32CList()),
        header.hasCompareCrc32C() ? Optional.of(header.getCompareCrc32C()) : Optional.empty());
  }

  public static byte[] header(DataReply reply) {
    DataReplyHeader.Builder header = DataReplyHeader.newBuilder();
    switch (reply) {
      case DataReply.Done _ -> header.setDone(DataReplyHeader.Done.getDefaultInstance());
      case DataReply.Data data -> {
        DataReplyHeader.Data.Builder message = DataReplyHeader.Data.newBuilder();
        for (int checksum : data.checksums()) {
          message.addBlockCrc32C(checksum);
        }
        header.setData(message);
      }
      case DataReply.Mismatch mismatch ->
          header.setMismatch(
              DataReplyHeader.Mismatch.newBuilder().setPresentCrc32C(mismatch.present()));
      case DataReply.Failed failed -> {
        DataReplyHeader.Failed.Builder message =
            DataReplyHeader.Failed.newBuilder()
                .setCode(Ids.code(failed.code()))
                .setWhy(failed.why());
        failed
            .leader()
            .ifPresent(leader ->
                message
                    .setLeaderChunkserverId(leader.chunkserver().value())
                    .setLeaderStore(Ids.uuid(leader.store().value())));
        header.setFailed(message);
      }
    }
    return header.build().toByteArray();
  }

  public static ByteBuffer payload(DataReply reply) {
    return reply instanceof DataReply.Data data ? data.data() : NONE;
  }

  /**
   * @throws BadMessage when the outcome is unknown or its checksums don't fit its blocks
   */
  public static DataReply reply(byte[] bytes, ByteBuffer payload) {
    DataReplyHeader header;
    try {
      header = DataReplyHeader.parseFrom(bytes);
    } catch (InvalidProtocolBufferException garbage) {
      throw new BadMessage("a data reply's header can't be read", garbage);
    }
    return switch (header.getOutcomeCase()) {
      case DONE -> new DataReply.Done();
      case DATA -> {
        List<Integer> checksums = header.getData().getBlockCrc32CList();
        if ((long) checksums.size() * Geometry.BLOCK_BYTES != payload.remaining()) {
          throw new BadMessage(
              payload.remaining() + " bytes came with " + checksums.size() + " checksums");
        }
        yield new DataReply.Data(payload, checksums(checksums));
      }
      case MISMATCH -> new DataReply.Mismatch(header.getMismatch().getPresentCrc32C());
      case FAILED -> failed(header.getFailed());
      case OUTCOME_NOT_SET -> throw new BadMessage("a data reply without a known outcome");
    };
  }

  private static DataReply.Failed failed(DataReplyHeader.Failed failed) {
    Optional<ReplicaId> leader =
        failed.hasLeaderStore()
            ? Optional.of(
                Ids.checked(
                    () -> Ids.replica(failed.getLeaderChunkserverId(), failed.getLeaderStore())))
            : Optional.empty();
    return new DataReply.Failed(Ids.code(failed.getCode()), leader, failed.getWhy());
  }

  static int[] checksums(List<Integer> list) {
    int[] checksums = new int[list.size()];
    for (int i = 0; i < checksums.length; i++) {
      checksums[i] = list.get(i);
    }
    return checksums;
  }

  /** Never below zero, and never so long that it overflows. */
  public static long micros(Duration duration) {
    if (duration.isNegative()) {
      return 0;
    }
    return duration.compareTo(Duration.ofDays(1)) > 0
        ? Duration.ofDays(1).toNanos() / 1000
        : duration.toNanos() / 1000;
  }
}
