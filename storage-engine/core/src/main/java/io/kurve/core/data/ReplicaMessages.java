package io.kurve.core.data;

import io.kurve.core.id.ChunkId;
import io.kurve.core.log.LogPosition;
import io.kurve.core.log.Membership;
import java.nio.ByteBuffer;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;

/** What replicas of a copyset ask of each other to repair blocks and to install a checkpoint. */
public final class ReplicaMessages {
  /** The most blocks that one message asks for: 1 MiB. */
  public static final int MAX_BLOCKS = 256;

  private ReplicaMessages() {}

  public record ReadForRepair(ChunkId chunk, int firstBlock, int blockCount) {}

  /**
   * @param appliedIndex the last log entry applied to the chunk when the blocks were read
   * @param whole false when the source is damaged there; one that replays, installs or lags does
   *     not answer
   */
  public record RepairBlocks(ByteBuffer data, int[] checksums, long appliedIndex, boolean whole) {}

  /**
   * A control state, exact at one position.
   *
   * @param controlState opaque here; lists the chunks
   */
  public record CheckpointManifest(
      LogPosition at, Membership membership, ByteBuffer controlState) {}

  /**
   * @param contentDigest also the digest of the bytes, for which the source reads the chunk
   */
  public record ChunkSumsQuery(ChunkId chunk, boolean contentDigest) {}

  /**
   * What a chunk holds, without its bytes.
   *
   * @param address empty when the copyset has no such chunk; then all else is empty too
   * @param checksums CRC32C of each block, also of those that were never written
   * @param written the blocks that were ever written
   * @param contentDigest 128 bits over the chunk's bytes, if asked for and all can be read
   */
  public record ChunkSums(
      Optional<ChunkAddress> address,
      int[] checksums,
      BitSet written,
      Optional<Digest> contentDigest,
      long appliedIndex) {}

  public record Digest(long high, long low) {}

  /**
   * @param blocks numbers in the chunk, rising, at most {@value #MAX_BLOCKS}
   */
  public record BlockDigestsQuery(ChunkId chunk, int[] blocks) {}

  /**
   * @param digests 128 bits over each block's bytes, in the order of the request
   * @param unreadable by position in the request; their digests mean nothing
   */
  public record BlockDigests(List<Digest> digests, BitSet unreadable, long appliedIndex) {}

  /**
   * @param blocks numbers in the chunk, rising, at most {@value #MAX_BLOCKS}
   */
  public record FetchBlocks(ChunkId chunk, int[] blocks) {}

  /**
   * @param data the blocks in the order of the request; zeros for those never written
   * @param written by position in the request
   */
  public record FetchedBlocks(
      ByteBuffer data, int[] checksums, BitSet written, long appliedIndex) {}
}
