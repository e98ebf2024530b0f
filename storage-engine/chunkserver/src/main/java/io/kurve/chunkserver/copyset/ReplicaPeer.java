package io.kurve.chunkserver.copyset;

import io.kurve.core.data.ChunkAddress;
import io.kurve.core.data.ReplicaMessages;
import io.kurve.core.id.ChunkId;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.log.LogPosition;
import io.kurve.core.log.Membership;
import io.kurve.core.metastore.Bytes;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;

/**
 * The port to other replicas of a copyset, for installs and repairs. Calls block, with a deadline
 * of the adapter's, and fail with an {@link IOException} when the other side is unreachable, is
 * itself installing, or can't read what is asked for.
 */
public interface ReplicaPeer {
  /** The newest durable checkpoint: what it decides by, and which chunks it has. */
  Manifest manifest(ReplicaId source, CopysetKey copyset) throws IOException, InterruptedException;

  /** As of now; empty when the chunk is gone by now. */
  Optional<BlockTable> table(ReplicaId source, CopysetKey copyset, ChunkId chunk)
      throws IOException, InterruptedException;

  /**
   * Of all of the chunk's bytes, as its source reads them from its disk now; empty when the chunk
   * is gone by now or some of it can't be read.
   */
  Optional<Digest128> contentDigest(ReplicaId source, CopysetKey copyset, ChunkId chunk)
      throws IOException, InterruptedException;

  /**
   * Of the bytes of single blocks, as {@link #contentDigest}; empty when the chunk is gone by now.
   *
   * @param blocks numbers in the chunk, rising, at most {@link ReplicaMessages#MAX_BLOCKS}
   */
  Optional<BlockDigests> blockDigests(
      ReplicaId source, CopysetKey copyset, ChunkId chunk, int[] blocks)
      throws IOException, InterruptedException;

  /**
   * Verified blocks as of now; empty when the chunk is gone by now.
   *
   * @param blocks numbers in the chunk, rising, at most {@link ReplicaMessages#MAX_BLOCKS}
   */
  Optional<Blocks> blocks(ReplicaId source, CopysetKey copyset, ChunkId chunk, int[] blocks)
      throws IOException, InterruptedException;

  /**
   * @param chunks in order of chunk id
   */
  record Manifest(LogPosition at, Membership membership, Bytes state, List<ChunkAddress> chunks) {}

  /**
   * @param written which of the chunk's blocks have data
   * @param checksums CRC32C of each block of the chunk
   */
  record BlockTable(ChunkAddress address, BitSet written, int[] checksums) {}

  /**
   * @param digests in the order asked for
   * @param unreadable at the source, by position: their digests mean nothing
   */
  record BlockDigests(List<Digest128> digests, BitSet unreadable) {}

  /**
   * @param data the blocks in the order asked for
   * @param written which of them have data, by position
   */
  record Blocks(ByteBuffer data, int[] checksums, BitSet written) {}
}
