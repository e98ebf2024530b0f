package io.kurve.consensus.wal;

import io.kurve.consensus.wal.GroupLog.WalFull;
import io.kurve.consensus.wal.GroupState.Span;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.log.LogPosition;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Writes the entries of one group again at the ring's end.
 *
 * <pre>
 *   entries     5  6  7  8  9  10 11              10 and 11 come while it goes on
 *   beside      5' 6' | 7' 8'                     a frame at a time; appends and cuts in between
 *   at last                9' | 10' 11' MOVED      nothing in between: all of them count here now
 * </pre>
 *
 * <p>Entries that are cut meanwhile are left out, or cut again when the others count. When the log
 * is shortened or purged meanwhile, the move ends and nothing of it counts.
 */
final class LogMove {
  private static final int MOST_AT_ONCE_BYTES = 2 << 20;

  private final GroupState state;
  private final EntryReader reader;
  private final int mostBytes;
  private final long shortenings;
  private final long last;
  private long next;

  /**
   * @param frameBytes of records that a frame takes
   */
  LogMove(GroupState state, EntryReader reader, int frameBytes) {
    this.state = state;
    this.reader = reader;
    this.mostBytes = Math.min(MOST_AT_ONCE_BYTES, frameBytes);
    this.shortenings = state.shortenings();
    this.last = state.lastIndex();
  }

  CopysetKey group() {
    return state.group();
  }

  /** What it takes of the ring when nothing is appended meanwhile. */
  long bytes() {
    return bytes(last);
  }

  private long bytes(long to) {
    long bytes = FrameHeader.frameBytes(WalRecord.bytes(0));
    Optional<Span> span = state.span(next, to, mostBytes);
    while (span.isPresent()) {
      bytes += FrameHeader.frameBytes(span.get().recordBytes());
      span = state.span(span.get().last() + 1, to, mostBytes);
    }
    return bytes;
  }

  /**
   * @param room that {@link #bytes} were reserved in
   */
  void write(GroupCommit.Reservation room) throws WalFull {
    Optional<Span> span = state.span(next, last, mostBytes);
    while (span.isPresent() && span.get().last() < last) {
      List<WalRecord> batch = read(span.get());
      state.changing().lock();
      try {
        if (isShortened()) {
          return;
        }
        if (!batch.isEmpty()) {
          room.commit(batch);
        }
      } finally {
        state.changing().unlock();
      }
      next = span.get().last() + 1;
      span = state.span(next, last, mostBytes);
    }
    writeRest(room);
  }

  private void writeRest(GroupCommit.Reservation room) throws WalFull {
    state.changing().lock();
    try {
      if (isShortened()) {
        return;
      }
      long end = state.lastIndex();
      if (end > last) {
        room.grow(bytes(end) - bytes(last));
      }
      List<WalRecord> batch = new ArrayList<>();
      Optional<Span> span = state.span(next, end, mostBytes);
      while (span.isPresent()) {
        if (!batch.isEmpty()) {
          room.commit(batch);
        }
        batch = read(span.get());
        next = span.get().last() + 1;
        span = state.span(next, end, mostBytes);
      }
      batch.add(WalRecord.of(WalRecord.Type.MOVED, state.group(), new LogPosition(0, end)));
      room.commit(batch);
    } finally {
      state.changing().unlock();
    }
  }

  private boolean isShortened() {
    return state.shortenings() != shortenings;
  }

  private List<WalRecord> read(Span span) {
    List<WalRecord> records = new ArrayList<>();
    for (long index = span.first(); index <= span.last(); index++) {
      reader
          .read(state, index)
          .ifPresent(entry -> records.add(WalRecord.again(state.group(), entry)));
    }
    return records;
  }
}
