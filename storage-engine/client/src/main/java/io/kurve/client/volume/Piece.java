package io.kurve.client.volume;

import io.kurve.core.unit.Geometry;

/**
 * A part of a request inside one chunk: whole blocks, of which the request covers the bytes from
 * {@code skip} on.
 *
 * <pre>
 *   chunk   |....|....|....|....|....|
 *   blocks       |blockBytes----|          at blockOffset, whole blocks
 *   covered        |length-----|           at blockOffset + skip
 * </pre>
 *
 * @param index among the request's pieces, in their order
 * @param chunkIndex of the chunk in the volume
 * @param bufferOffset of the first covered byte in the request
 */
record Piece(
    long index,
    long chunkIndex,
    int blockOffset,
    int blockBytes,
    int skip,
    int length,
    long bufferOffset) {

  /** True when a block is covered in part: such a piece is a single block if it is to change. */
  boolean isPartial() {
    return length != blockBytes;
  }

  long segmentIndex() {
    return chunkIndex / Geometry.CHUNKS_PER_SEGMENT;
  }

  int chunkInSegment() {
    return (int) (chunkIndex % Geometry.CHUNKS_PER_SEGMENT);
  }
}
