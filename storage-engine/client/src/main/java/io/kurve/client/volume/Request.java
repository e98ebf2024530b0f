package io.kurve.client.volume;

import io.kurve.client.Flight;
import io.kurve.core.checksum.BlockChecksum;
import io.kurve.core.data.ChunkAddress;
import io.kurve.core.data.DataReply;
import io.kurve.core.data.DataRequest;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.CopysetId;
import io.kurve.core.id.RequestId;
import io.kurve.core.metadata.SegmentMap;
import io.kurve.core.unit.Geometry;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * What a user asked for, from its start to its end: takes its numbers, sends its pieces, a bounded
 * number at once, and ends when all of them have ended. After an error no new piece begins.
 *
 * <p>The id of a piece's first change, and of the read that may come before it, follow from where
 * the piece stands in the request, not from when it is sent: a successor that is asked for the same
 * request again sends the same bytes under the same ids.
 *
 * <pre>
 *   piece            0           1         ...   32767       32768
 *   change, read     n.0, n.1    n.2, n.3        n.65534     (n+1).0       n: the first number
 *   later attempts   m.0, m.1, m.2, ...                                    m: a spare number
 * </pre>
 */
final class Request {
  private static final ByteBuffer ZEROS =
      ByteBuffer.allocateDirect(Geometry.BLOCK_BYTES).asReadOnlyBuffer();

  private static final int PIECES_OF_NUMBER = RequestId.MAX_PARTS / 2;

  private final Asked asked;
  private final CompletableFuture<Void> future;
  private final Admission home;
  private final long arrival;
  private final Pieces pieces;
  private final List<Long> numbers = new ArrayList<>(1);
  private final List<Runnable> afterEnd = new ArrayList<>(0);
  private final List<Long> unmapped = new ArrayList<>(0);
  private @Nullable KurveException failure;
  private int underWay;
  private int nextSparePart = RequestId.MAX_PARTS;
  private boolean starting;

  /**
   * @param arrival higher than those of all that came before it
   */
  Request(Asked asked, CompletableFuture<Void> future, Admission home, long arrival) {
    this.asked = asked;
    this.future = future;
    this.home = home;
    this.arrival = arrival;
    // Zeroes and discards carry no payload: they are cut at chunk borders only.
    boolean payload = asked.buffer().isPresent();
    this.pieces =
        new Pieces(
            asked.offset(),
            asked.length(),
            asked.operation().changes(),
            payload ? Geometry.MAX_REQUEST_BYTES : Geometry.CHUNK_BYTES);
  }

  /**
   * @param buffer what to write, or to fill; its whole content belongs to the request
   */
  record Asked(
      Operation operation,
      long offset,
      long length,
      Optional<ByteBuffer> buffer,
      Flight flight,
      long sinceNanos) {}

  long arrival() {
    return arrival;
  }

  Asked asked() {
    return asked;
  }

  CompletableFuture<Void> future() {
    return future;
  }

  List<Long> numbers() {
    return numbers;
  }

  Optional<KurveException> failure() {
    return Optional.ofNullable(failure);
  }

  List<Runnable> afterEnd() {
    return afterEnd;
  }

  /** Segments that were not mapped when it was asked for it: it may read zeroes there. */
  List<Long> unmapped() {
    return unmapped;
  }

  /** Those of the earlier process, if one had begun it. */
  void takeNumbers() {
    long count = Math.ceilDiv(pieces.atMost(), PIECES_OF_NUMBER);
    long earlier = asked.flight().earlierNumber();
    for (long i = 0; i < count; i++) {
      if (earlier == 0) {
        takeNumber();
      } else {
        home.engine().window().claim(earlier + i);
        numbers.add(earlier + i);
      }
    }
  }

  private void takeNumber() {
    long number = home.engine().window().open();
    numbers.add(number);
    asked.flight().takes(number);
  }

  void start() {
    if (home.engine().session().isFenced() || starting) {
      return;
    }
    starting = true;
    while (failure == null
        && pieces.hasNext()
        && underWay < home.engine().limits().piecesOfRequest()) {
      underWay++;
      begin(pieces.next());
    }
    starting = false;
    if (underWay == 0) {
      home.ended(this);
    }
  }

  private void begin(Piece piece) {
    if (unmapped.contains(piece.segmentIndex())) {
      skipUnmapped(piece);
      return;
    }
    home.engine()
        .segments()
        .find(
            piece.segmentIndex(),
            asked.operation() == Operation.WRITE,
            new Segments.Asker() {
              @Override
              public void found(Optional<SegmentMap> segment) {
                segment.ifPresentOrElse(map -> send(piece, map), () -> skipUnmapped(piece));
              }

              @Override
              public void failed(KurveException error) {
                fail(error);
              }
            });
  }

  private void skipUnmapped(Piece piece) {
    if (asked.operation() == Operation.READ) {
      ByteBuffer target = part(piece);
      while (target.hasRemaining()) {
        int length = Math.min(target.remaining(), Geometry.BLOCK_BYTES);
        target.put(ZEROS.slice(0, length));
      }
    }
    pieceEnded();
  }

  private void send(Piece piece, SegmentMap map) {
    CopysetId copyset = map.copysets().get(piece.chunkInSegment());
    DataCalls.Place place =
        new DataCalls.Place(
            new ChunkAddress(map.volume(), piece.chunkIndex(), map.chunk(piece.chunkInSegment())),
            home.engine().copysets().route(copyset));
    DataCalls calls = home.engine().calls();
    int offset = piece.blockOffset();
    int length = piece.blockBytes();
    if (asked.operation().changes() && piece.isPartial()) {
      ByteBuffer bytes =
          asked.operation() == Operation.WRITE ? part(piece) : ZEROS.slice(0, piece.length());
      new ReadModifyWrite(
              calls,
              new PieceIds(piece),
              new ReadModifyWrite.Change(place, offset, piece.skip(), bytes),
              reply -> answered(piece, reply))
          .begin();
      return;
    }
    DataRequest.Operation operation =
        switch (asked.operation()) {
          case READ, FLUSH -> new DataRequest.Read(offset, length);
          case WRITE -> {
            ByteBuffer bytes = part(piece);
            yield new DataRequest.Write(
                offset, bytes, BlockChecksum.ofBlocks(bytes), Optional.empty());
          }
          case WRITE_ZEROES -> new DataRequest.WriteZeroes(offset, length);
          case DISCARD -> new DataRequest.Discard(offset, length);
        };
    calls.call(id(piece, 0), place, operation, reply -> answered(piece, reply));
  }

  private void answered(Piece piece, DataReply reply) {
    switch (reply) {
      case DataReply.Done done -> pieceEnded();
      case DataReply.Data data -> {
        part(piece).put(data.data().slice(data.data().position() + piece.skip(), piece.length()));
        pieceEnded();
      }
      case DataReply.Mismatch mismatch ->
          fail(
              new KurveException(
                  ErrorCode.INTERNAL,
                  "a chunkserver compared checksums without being asked: " + mismatch,
                  "report this with the log"));
      case DataReply.Failed failed -> fail(asError(piece, failed));
    }
  }

  private KurveException asError(Piece piece, DataReply.Failed failed) {
    return new KurveException(
        failed.code(),
        "volume '%s', %d bytes at %d: %s"
            .formatted(
                home.engine().session().volume().name(),
                piece.length(),
                asked.offset() + piece.bufferOffset(),
                failed.why()),
        failed.code() == ErrorCode.DATA_LOST
            ? "restore these bytes from a backup, or overwrite them"
            : "see the log of the chunkservers");
  }

  private void fail(KurveException error) {
    if (failure == null) {
      failure = error;
    }
    pieceEnded();
  }

  private void pieceEnded() {
    underWay--;
    start();
  }

  private RequestId id(Piece piece, int which) {
    return new RequestId(
        home.engine().session().attachment(),
        numbers.get((int) (piece.index() / PIECES_OF_NUMBER)),
        (int) (piece.index() % PIECES_OF_NUMBER) * 2 + which);
  }

  private RequestId spareId() {
    if (nextSparePart == RequestId.MAX_PARTS) {
      takeNumber();
      nextSparePart = 0;
    }
    return new RequestId(home.engine().session().attachment(), numbers.getLast(), nextSparePart++);
  }

  /** For a block that is read before it is changed. */
  private final class PieceIds implements ReadModifyWrite.Ids {
    private final Piece piece;
    private boolean readTaken;
    private boolean changeTaken;

    private PieceIds(Piece piece) {
      this.piece = piece;
    }

    @Override
    public RequestId forRead() {
      if (readTaken) {
        return spareId();
      }
      readTaken = true;
      return id(piece, 1);
    }

    @Override
    public RequestId forChange() {
      if (changeTaken) {
        return spareId();
      }
      changeTaken = true;
      return id(piece, 0);
    }
  }

  private ByteBuffer part(Piece piece) {
    return asked.buffer().orElseThrow().slice((int) piece.bufferOffset(), piece.length());
  }
}
