package io.kurve.client.volume;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kurve.core.unit.Geometry;
import io.kurve.testkit.time.SeededRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.NoSuchElementException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PiecesTest {
  @Test
  void aChangeHasItsPartialBlocksAlone() {
    assertThat(cut(1000, 3 * 4096, true))
        .containsExactly(
            new Piece(0, 0, 0, 4096, 1000, 3096, 0),
            new Piece(1, 0, 4096, 8192, 0, 8192, 3096),
            new Piece(2, 0, 12288, 4096, 0, 1000, 11288));
  }

  @Test
  void aReadIsOnePieceOfWholeBlocks() {
    assertThat(cut(1000, 3 * 4096, false))
        .containsExactly(new Piece(0, 0, 0, 16384, 1000, 12288, 0));
  }

  @Test
  void bothEdgesInOneBlockAreOnePiece() {
    assertThat(cut(Geometry.SEGMENT_BYTES + 10, 20, true))
        .containsExactly(new Piece(0, Geometry.CHUNKS_PER_SEGMENT, 0, 4096, 10, 20, 0));
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void piecesCoverTheRangeOnceInOrder(long seed) {
    SeededRandom random = new SeededRandom(seed);
    for (int i = 0; i < 500; i++) {
      long offset = random.nextLong(4L * Geometry.CHUNK_BYTES);
      long length = 1 + random.nextLong(3L * Geometry.CHUNK_BYTES);
      boolean changes = random.chance(2);
      long at = offset;
      long index = 0;
      for (Piece piece : cut(offset, length, changes)) {
        assertThat(piece.index()).isEqualTo(index++);
        assertThat(piece.chunkIndex() * Geometry.CHUNK_BYTES + piece.blockOffset() + piece.skip())
            .isEqualTo(at);
        assertThat(piece.bufferOffset()).isEqualTo(at - offset);
        assertThat(piece.blockBytes() % Geometry.BLOCK_BYTES).isZero();
        assertThat(piece.blockBytes()).isLessThanOrEqualTo(Geometry.MAX_REQUEST_BYTES);
        assertThat(piece.blockOffset() + piece.blockBytes())
            .isLessThanOrEqualTo(Geometry.CHUNK_BYTES);
        assertThat(piece.skip() + piece.length()).isLessThanOrEqualTo(piece.blockBytes());
        if (changes && piece.isPartial()) {
          assertThat(piece.blockBytes()).isEqualTo(Geometry.BLOCK_BYTES);
        }
        at += piece.length();
      }
      assertThat(at).isEqualTo(offset + length);
      assertThat(index)
          .isLessThanOrEqualTo(
              new Pieces(offset, length, changes, Geometry.MAX_REQUEST_BYTES).atMost());
    }
  }

  @Test
  void nothingComesAfterTheLast() {
    Pieces pieces = new Pieces(0, 1, true, Geometry.MAX_REQUEST_BYTES);
    assertThat(pieces.next().length()).isEqualTo(1);
    assertThatThrownBy(pieces::next).isInstanceOf(NoSuchElementException.class);
  }

  private static List<Piece> cut(long offset, long length, boolean changes) {
    List<Piece> all = new ArrayList<>();
    new Pieces(offset, length, changes, Geometry.MAX_REQUEST_BYTES).forEachRemaining(all::add);
    return all;
  }
}
