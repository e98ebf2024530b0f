package io.kurve.protocol.convert;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import io.kurve.core.data.ChunkAddress;
import io.kurve.core.data.ReplicaMessages;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.ChunkId;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.id.StoreId;
import io.kurve.core.id.VolumeId;
import io.kurve.core.log.LogPosition;
import io.kurve.core.log.Membership;
import io.kurve.core.unit.Geometry;
import io.kurve.protocol.frame.Frame;
import io.kurve.protocol.frame.FrameType;
import io.kurve.protocol.v1.ReplicaReplyHeader;
import io.kurve.protocol.v1.ReplicaRequestHeader;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;

/** The messages between replicas, both ways; see replica.proto. */
public final class ReplicaWire {
  private static final int DIGEST_BYTES = 16;

  private ReplicaWire() {}

  // ---- requests, at the asker

  public static ReplicaRequestHeader.Builder request(
      StoreId target, CopysetKey copyset, Duration remaining) {
    return ReplicaRequestHeader.newBuilder()
        .setTargetStore(Ids.uuid(target.value()))
        .setCopysetId(copyset.id().value())
        .setCopysetGeneration(copyset.generation().value())
        .setRemainingMicros(DataMessages.micros(remaining));
  }

  public static ReplicaRequestHeader.ReadForRepair message(ReplicaMessages.ReadForRepair request) {
    return ReplicaRequestHeader.ReadForRepair.newBuilder()
        .setChunkId(request.chunk().value())
        .setFirstBlock(request.firstBlock())
        .setBlockCount(request.blockCount())
        .build();
  }

  public static ReplicaRequestHeader.ChunkSums message(ReplicaMessages.ChunkSumsQuery query) {
    return ReplicaRequestHeader.ChunkSums.newBuilder()
        .setChunkId(query.chunk().value())
        .setContentDigest(query.contentDigest())
        .build();
  }

  public static ReplicaRequestHeader.FetchBlocks message(ReplicaMessages.FetchBlocks request) {
    ReplicaRequestHeader.FetchBlocks.Builder message =
        ReplicaRequestHeader.FetchBlocks.newBuilder().setChunkId(request.chunk().value());
    for (int block : request.blocks()) {
      message.addBlocks(block);
    }
    return message.build();
  }

  public static ReplicaRequestHeader.BlockDigests message(ReplicaMessages.BlockDigestsQuery query) {
    ReplicaRequestHeader.BlockDigests.Builder message =
        ReplicaRequestHeader.BlockDigests.newBuilder().setChunkId(query.chunk().value());
    for (int block : query.blocks()) {
      message.addBlocks(block);
    }
    return message.build();
  }

  // ---- requests, at the server

  static void requireSane(ReplicaRequestHeader header) {
    switch (header.getRequestCase()) {
      case READ_FOR_REPAIR -> {
        ReplicaRequestHeader.ReadForRepair read = header.getReadForRepair();
        requireBlocks(read.getFirstBlock(), read.getBlockCount());
      }
      case FETCH_BLOCKS -> requireRising(header.getFetchBlocks().getBlocksList());
      case BLOCK_DIGESTS -> requireRising(header.getBlockDigests().getBlocksList());
      case CHECKPOINT, CHUNK_SUMS -> {}
      case REQUEST_NOT_SET -> throw new BadMessage("an unknown request between replicas");
    }
  }

  private static void requireRising(List<Integer> blocks) {
    int previous = -1;
    requireBlocks(0, blocks.size());
    for (int block : blocks) {
      if (block <= previous || block >= Geometry.BLOCKS_PER_CHUNK) {
        throw new BadMessage("block " + block + " after block " + previous);
      }
      previous = block;
    }
  }

  private static void requireBlocks(int first, int count) {
    if (first < 0
        || count < 1
        || count > ReplicaMessages.MAX_BLOCKS
        || first > Geometry.BLOCKS_PER_CHUNK - count) {
      throw new BadMessage(count + " blocks from " + first + " are not in a chunk, or too many");
    }
  }

  static ReplicaMessages.ReadForRepair read(ReplicaRequestHeader.ReadForRepair message) {
    return new ReplicaMessages.ReadForRepair(
        new ChunkId(message.getChunkId()), message.getFirstBlock(), message.getBlockCount());
  }

  static ReplicaMessages.FetchBlocks fetch(ReplicaRequestHeader.FetchBlocks message) {
    return new ReplicaMessages.FetchBlocks(
        new ChunkId(message.getChunkId()), DataMessages.checksums(message.getBlocksList()));
  }

  static ReplicaMessages.BlockDigestsQuery digestsQuery(ReplicaRequestHeader.BlockDigests message) {
    return new ReplicaMessages.BlockDigestsQuery(
        new ChunkId(message.getChunkId()), DataMessages.checksums(message.getBlocksList()));
  }

  // ---- replies, at the server

  static Frame frame(long correlation, ReplicaMessages.RepairBlocks blocks) {
    ReplicaReplyHeader.RepairBlocks.Builder message =
        ReplicaReplyHeader.RepairBlocks.newBuilder()
            .setAppliedIndex(blocks.appliedIndex())
            .setWhole(blocks.whole());
    for (int checksum : blocks.checksums()) {
      message.addBlockCrc32C(checksum);
    }
    return frame(
        correlation, ReplicaReplyHeader.newBuilder().setRepairBlocks(message), blocks.data());
  }

  static Frame frame(long correlation, ReplicaMessages.CheckpointManifest manifest) {
    ReplicaReplyHeader.Checkpoint.Builder message =
        ReplicaReplyHeader.Checkpoint.newBuilder()
            .setTerm(manifest.at().term())
            .setIndex(manifest.at().index())
            .setPayloadCrc32C(Payloads.crc(List.of(manifest.controlState())));
    manifest
        .membership()
        .voters()
        .forEach(voter -> message.addVoters(PlaceMessages.replica(voter)));
    manifest
        .membership()
        .learners()
        .forEach(learner -> message.addLearners(PlaceMessages.replica(learner)));
    return frame(
        correlation,
        ReplicaReplyHeader.newBuilder().setCheckpoint(message),
        manifest.controlState());
  }

  static Frame frame(long correlation, ReplicaMessages.ChunkSums sums) {
    ReplicaReplyHeader.ChunkSums.Builder message =
        ReplicaReplyHeader.ChunkSums.newBuilder()
            .setPresent(sums.address().isPresent())
            .setWritten(ByteString.copyFrom(sums.written().toByteArray()))
            .setAppliedIndex(sums.appliedIndex());
    sums.address()
        .ifPresent(address ->
            message.setVolumeId(address.volume().value()).setChunkIndex(address.index()));
    for (int checksum : sums.checksums()) {
      message.addBlockCrc32C(checksum);
    }
    sums.contentDigest().ifPresent(digest -> message.setContentDigest(bytes(List.of(digest))));
    return frame(
        correlation, ReplicaReplyHeader.newBuilder().setChunkSums(message), ByteBuffer.allocate(0));
  }

  static Frame frame(long correlation, ReplicaMessages.FetchedBlocks blocks) {
    ReplicaReplyHeader.FetchedBlocks.Builder message =
        ReplicaReplyHeader.FetchedBlocks.newBuilder()
            .setWritten(ByteString.copyFrom(blocks.written().toByteArray()))
            .setAppliedIndex(blocks.appliedIndex());
    for (int checksum : blocks.checksums()) {
      message.addBlockCrc32C(checksum);
    }
    return frame(
        correlation, ReplicaReplyHeader.newBuilder().setFetchedBlocks(message), blocks.data());
  }

  static Frame frame(long correlation, ReplicaMessages.BlockDigests found) {
    ReplicaReplyHeader.BlockDigests.Builder message =
        ReplicaReplyHeader.BlockDigests.newBuilder()
            .setDigests(bytes(found.digests()))
            .setUnreadable(ByteString.copyFrom(found.unreadable().toByteArray()))
            .setAppliedIndex(found.appliedIndex());
    return frame(
        correlation,
        ReplicaReplyHeader.newBuilder().setBlockDigests(message),
        ByteBuffer.allocate(0));
  }

  private static ByteString bytes(List<ReplicaMessages.Digest> digests) {
    ByteBuffer bytes = ByteBuffer.allocate(digests.size() * DIGEST_BYTES);
    digests.forEach(digest -> bytes.putLong(digest.high()).putLong(digest.low()));
    return ByteString.copyFrom(bytes.flip());
  }

  private static Frame frame(
      long correlation, ReplicaReplyHeader.Builder header, ByteBuffer payload) {
    return new Frame(FrameType.REPLICA_REPLY, correlation, header.build().toByteArray(), payload);
  }

  // ---- replies, at the asker: each throws BadMessage when it is damaged or of another kind, and
  // KurveException when it is a failure

  public static ReplicaMessages.RepairBlocks repairBlocks(Frame frame) {
    ReplicaReplyHeader header = header(frame);
    require(header.hasRepairBlocks(), "repair blocks");
    ReplicaReplyHeader.RepairBlocks message = header.getRepairBlocks();
    int[] checksums = DataMessages.checksums(message.getBlockCrc32CList());
    if (message.getWhole()) {
      // A source that is damaged there says so, and its bytes don't fit: that is an answer too.
      Payloads.verifyBlocks(frame, checksums);
    }
    return new ReplicaMessages.RepairBlocks(
        frame.payload(), checksums, message.getAppliedIndex(), message.getWhole());
  }

  public static ReplicaMessages.CheckpointManifest checkpoint(Frame frame) {
    ReplicaReplyHeader header = header(frame);
    require(header.hasCheckpoint(), "a checkpoint");
    ReplicaReplyHeader.Checkpoint message = header.getCheckpoint();
    Payloads.verify(frame, message.getPayloadCrc32C());
    return Ids.checked(() ->
        new ReplicaMessages.CheckpointManifest(
            new LogPosition(message.getTerm(), message.getIndex()),
            new Membership(
                PlaceMessages.replicas(message.getVotersList()),
                PlaceMessages.replicas(message.getLearnersList())),
            frame.payload()));
  }

  public static ReplicaMessages.ChunkSums chunkSums(Frame frame, ChunkId chunk) {
    ReplicaReplyHeader header = header(frame);
    require(header.hasChunkSums(), "chunk sums");
    ReplicaReplyHeader.ChunkSums message = header.getChunkSums();
    int[] checksums = DataMessages.checksums(message.getBlockCrc32CList());
    require(
        checksums.length == (message.getPresent() ? Geometry.BLOCKS_PER_CHUNK : 0),
        "one checksum a block");
    ByteBuffer digest = message.getContentDigest().asReadOnlyByteBuffer();
    require(digest.remaining() == 0 || digest.remaining() == DIGEST_BYTES, "a digest of 16 bytes");
    return Ids.checked(() ->
        new ReplicaMessages.ChunkSums(
            message.getPresent()
                ? Optional.of(
                    new ChunkAddress(
                        new VolumeId(message.getVolumeId()), message.getChunkIndex(), chunk))
                : Optional.empty(),
            checksums,
            BitSet.valueOf(message.getWritten().toByteArray()),
            digest.hasRemaining()
                ? Optional.of(new ReplicaMessages.Digest(digest.getLong(), digest.getLong()))
                : Optional.empty(),
            message.getAppliedIndex()));
  }

  public static ReplicaMessages.FetchedBlocks fetchedBlocks(Frame frame) {
    ReplicaReplyHeader header = header(frame);
    require(header.hasFetchedBlocks(), "fetched blocks");
    ReplicaReplyHeader.FetchedBlocks message = header.getFetchedBlocks();
    int[] checksums = DataMessages.checksums(message.getBlockCrc32CList());
    Payloads.verifyBlocks(frame, checksums);
    return new ReplicaMessages.FetchedBlocks(
        frame.payload(),
        checksums,
        BitSet.valueOf(message.getWritten().toByteArray()),
        message.getAppliedIndex());
  }

  public static ReplicaMessages.BlockDigests blockDigests(Frame frame, int asked) {
    ReplicaReplyHeader header = header(frame);
    require(header.hasBlockDigests(), "block digests");
    ReplicaReplyHeader.BlockDigests message = header.getBlockDigests();
    ByteBuffer bytes = message.getDigests().asReadOnlyByteBuffer();
    require(bytes.remaining() == asked * DIGEST_BYTES, "a digest of 16 bytes for each block");
    List<ReplicaMessages.Digest> digests = new ArrayList<>();
    while (bytes.hasRemaining()) {
      digests.add(new ReplicaMessages.Digest(bytes.getLong(), bytes.getLong()));
    }
    return new ReplicaMessages.BlockDigests(
        digests, BitSet.valueOf(message.getUnreadable().toByteArray()), message.getAppliedIndex());
  }

  private static ReplicaReplyHeader header(Frame frame) {
    ReplicaReplyHeader header;
    try {
      header = ReplicaReplyHeader.parseFrom(frame.header());
    } catch (InvalidProtocolBufferException garbage) {
      throw new BadMessage("a reply between replicas can't be read", garbage);
    }
    if (header.hasFailed()) {
      ReplicaReplyHeader.Failed failed = header.getFailed();
      throw new KurveException(Ids.code(failed.getCode()), failed.getText(), failed.getCure());
    }
    return header;
  }

  private static void require(boolean condition, String what) {
    if (!condition) {
      throw new BadMessage("a reply between replicas that is not " + what);
    }
  }
}
