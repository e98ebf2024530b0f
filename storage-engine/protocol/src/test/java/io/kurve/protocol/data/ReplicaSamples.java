package io.kurve.protocol.data;

import io.kurve.core.checksum.BlockChecksum;
import io.kurve.core.data.ChunkAddress;
import io.kurve.core.data.ReplicaMessages;
import io.kurve.core.data.ReplicaService;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.ChunkId;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.id.VolumeId;
import io.kurve.core.log.LogPosition;
import io.kurve.core.log.Membership;
import io.kurve.core.unit.Geometry;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** One of each message between replicas, and a replica that answers with them. */
final class ReplicaSamples implements ReplicaService {
  static final ChunkId CHUNK = new ChunkId(31);
  static final ReplicaMessages.ReadForRepair READ = new ReplicaMessages.ReadForRepair(CHUNK, 5, 1);
  static final ReplicaMessages.ChunkSumsQuery SUMS_QUERY =
      new ReplicaMessages.ChunkSumsQuery(CHUNK, true);
  static final ReplicaMessages.BlockDigestsQuery DIGESTS_QUERY =
      new ReplicaMessages.BlockDigestsQuery(CHUNK, new int[] {3, 4095});
  static final ReplicaMessages.FetchBlocks FETCH =
      new ReplicaMessages.FetchBlocks(CHUNK, new int[] {3, 4095});

  static ReplicaMessages.RepairBlocks repair() {
    ByteBuffer data = DataPlane.bytes(Geometry.BLOCK_BYTES, 7);
    return new ReplicaMessages.RepairBlocks(data, BlockChecksum.ofBlocks(data), 99, true);
  }

  static ReplicaMessages.CheckpointManifest manifest() {
    return new ReplicaMessages.CheckpointManifest(
        new LogPosition(5, 1234),
        new Membership(List.of(DataPlane.REPLICA), List.of()),
        DataPlane.bytes(100, 8));
  }

  static ReplicaMessages.ChunkSums sums() {
    int[] checksums = new int[Geometry.BLOCKS_PER_CHUNK];
    Arrays.setAll(checksums, i -> i * 31);
    BitSet written = new BitSet();
    written.set(0);
    written.set(4095);
    return new ReplicaMessages.ChunkSums(
        Optional.of(new ChunkAddress(new VolumeId(21), 5, CHUNK)),
        checksums,
        written,
        Optional.of(new ReplicaMessages.Digest(-3, 4)),
        77);
  }

  static ReplicaMessages.BlockDigests digests() {
    BitSet unreadable = new BitSet();
    unreadable.set(1);
    return new ReplicaMessages.BlockDigests(
        List.of(new ReplicaMessages.Digest(-5, 6), new ReplicaMessages.Digest(0, 0)),
        unreadable,
        79);
  }

  static ReplicaMessages.FetchedBlocks fetched() {
    ByteBuffer data = DataPlane.bytes(2 * Geometry.BLOCK_BYTES, 9);
    BitSet written = new BitSet();
    written.set(1);
    return new ReplicaMessages.FetchedBlocks(data, BlockChecksum.ofBlocks(data), written, 78);
  }

  @Override
  public CompletionStage<ReplicaMessages.RepairBlocks> readForRepair(
      CopysetKey copyset, ReplicaMessages.ReadForRepair request) {
    return request.equals(READ)
        ? CompletableFuture.completedFuture(repair())
        : CompletableFuture.failedFuture(
            new KurveException(ErrorCode.DATA_LOST, "block 6 is damaged here too", "ask another"));
  }

  @Override
  public CompletionStage<ReplicaMessages.CheckpointManifest> checkpoint(CopysetKey copyset) {
    return CompletableFuture.completedFuture(manifest());
  }

  @Override
  public CompletionStage<ReplicaMessages.ChunkSums> chunkSums(
      CopysetKey copyset, ReplicaMessages.ChunkSumsQuery query) {
    return CompletableFuture.completedFuture(sums());
  }

  @Override
  public CompletionStage<ReplicaMessages.BlockDigests> blockDigests(
      CopysetKey copyset, ReplicaMessages.BlockDigestsQuery query) {
    return CompletableFuture.completedFuture(digests());
  }

  @Override
  public CompletionStage<ReplicaMessages.FetchedBlocks> fetchBlocks(
      CopysetKey copyset, ReplicaMessages.FetchBlocks request) {
    return CompletableFuture.completedFuture(fetched());
  }
}
