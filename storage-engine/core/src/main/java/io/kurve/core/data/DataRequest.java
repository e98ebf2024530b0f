package io.kurve.core.data;

import io.kurve.core.id.ClusterId;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.id.RequestId;
import io.kurve.core.id.StoreId;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Optional;

/** One sub-request, which touches one chunk. */
public record DataRequest(Context context, ChunkAddress address, Operation operation) {

  /**
   * Who asks whom, under which right.
   *
   * @param id the same over all retries
   * @param answeredBelow every request of this attachment with a lower number was answered
   * @param volumeSequence the volume's snapshot sequence number; 1 until it has snapshots
   * @param remaining how long the asker still waits, from now
   */
  public record Context(
      ClusterId cluster,
      StoreId target,
      CopysetKey copyset,
      RequestId id,
      long answeredBelow,
      long volumeSequence,
      Duration remaining) {}

  /** Offsets are in the chunk; offsets and lengths are whole blocks; lengths are positive. */
  public sealed interface Operation {
    int offset();

    int length();
  }

  public record Read(int offset, int length) implements Operation {}

  /**
   * Writes whole blocks.
   *
   * @param data its remaining bytes are the blocks; read-only from here on
   * @param checksums CRC32C of each block
   * @param expected only if the first block's present CRC32C is this (a block never written has the
   *     CRC32C of zeros); else {@link DataReply.Mismatch}. Sent with single blocks only.
   */
  public record Write(int offset, ByteBuffer data, int[] checksums, Optional<Integer> expected)
      implements Operation {
    @Override
    public int length() {
      return data.remaining();
    }
  }

  /** The blocks read as zeros afterwards; durable as a write is. */
  public record WriteZeroes(int offset, int length) implements Operation {}

  /** As zeroes, and gives the space back. */
  public record Discard(int offset, int length) implements Operation {}
}
