package io.kurve.client.volume;

import io.kurve.core.unit.Geometry;
import java.util.Iterator;
import java.util.NoSuchElementException;

/**
 * Cuts a byte range of a volume at chunk borders and at a longest piece; one that changes blocks is
 * also cut where whole blocks begin and end, so that blocks covered in part stand alone.
 */
final class Pieces implements Iterator<Piece> {
  private final long offset;
  private final long length;
  private final boolean edgesAlone;
  private final int longestBytes;
  private long done;
  private long index;

  /**
   * @param longestBytes whole blocks; what one request may carry
   */
  Pieces(long offset, long length, boolean edgesAlone, int longestBytes) {
    this.offset = offset;
    this.length = length;
    this.edgesAlone = edgesAlone;
    this.longestBytes = longestBytes;
  }

  /** No fewer than there are; the same for the same range, whoever asks. */
  long atMost() {
    return length / longestBytes + length / Geometry.CHUNK_BYTES + 4;
  }

  @Override
  public boolean hasNext() {
    return done < length;
  }

  @Override
  public Piece next() {
    if (!hasNext()) {
      throw new NoSuchElementException();
    }
    long from = offset + done;
    int inChunk = (int) (from % Geometry.CHUNK_BYTES);
    int skip = inChunk % Geometry.BLOCK_BYTES;
    int blockOffset = inChunk - skip;
    int room = Math.min(Geometry.CHUNK_BYTES - blockOffset, longestBytes);
    long covered = Math.min(length - done, room - skip);
    if (edgesAlone) {
      covered =
          skip != 0 || covered < Geometry.BLOCK_BYTES
              ? Math.min(covered, Geometry.BLOCK_BYTES - skip)
              : covered - covered % Geometry.BLOCK_BYTES;
    }
    int end = skip + (int) covered;
    int blockBytes = Math.ceilDiv(end, Geometry.BLOCK_BYTES) * Geometry.BLOCK_BYTES;
    Piece piece =
        new Piece(
            index++,
            from / Geometry.CHUNK_BYTES,
            blockOffset,
            blockBytes,
            skip,
            (int) covered,
            done);
    done += covered;
    return piece;
  }
}
