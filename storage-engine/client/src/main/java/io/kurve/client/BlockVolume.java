package io.kurve.client;

import io.kurve.core.id.AttachmentId;
import io.kurve.core.metadata.Volume;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletionStage;

/**
 * An opened volume. Any offset and length inside it; nothing blocks; safe for use by several
 * threads.
 *
 * <p>Stages end exceptionally with a {@link io.kurve.core.failure.KurveException}: FENCED for ever
 * once the attachment is fenced, DATA_LOST when all replicas of a block are damaged,
 * INVALID_ARGUMENT past the end. While a quorum is missing they do not end at all. Overlapping
 * requests that are in flight together happen in some order, block by block. The positions of
 * buffers do not move. A stage ends on the volume's own thread, which callbacks must not block.
 */
public interface BlockVolume {
  Volume volume();

  AttachmentId attachment();

  /** Fills the target's remaining bytes; it must not be touched before the stage ends. */
  CompletionStage<Void> read(long offset, ByteBuffer target, Flight flight);

  /** Durable on a majority when it ends; the source must not be touched before. */
  CompletionStage<Void> write(long offset, ByteBuffer source, Flight flight);

  /** Ends after every write that had ended before; FENCED when the attachment is. */
  CompletionStage<Void> flush();

  /** The range reads as zeros afterwards and its whole blocks take no space. */
  CompletionStage<Void> discard(long offset, long length, Flight flight);

  CompletionStage<Void> writeZeroes(long offset, long length, Flight flight);

  default CompletionStage<Void> read(long offset, ByteBuffer target) {
    return read(offset, target, Flight.UNNOTED);
  }

  default CompletionStage<Void> write(long offset, ByteBuffer source) {
    return write(offset, source, Flight.UNNOTED);
  }

  default CompletionStage<Void> discard(long offset, long length) {
    return discard(offset, length, Flight.UNNOTED);
  }

  default CompletionStage<Void> writeZeroes(long offset, long length) {
    return writeZeroes(offset, length, Flight.UNNOTED);
  }

  /**
   * Of a resumed volume: all that was unanswered has been asked for again. Numbers of the earlier
   * process that no request came with are done with.
   */
  void allAskedAgain();

  /** Learns the volume's present size from the MDS. */
  CompletionStage<Volume> refresh();

  /** Ends with the reason when the attachment is known here to be fenced; else never. */
  CompletionStage<String> fenced();

  /** Everything in flight and to come ends with FENCED, now and here; nothing is sent any more. */
  void abort(String why);

  /**
   * Waits for what is in flight, then gives the attachment up; after an abort too. When that fails
   * it may be asked for again.
   */
  CompletionStage<Void> close();
}
