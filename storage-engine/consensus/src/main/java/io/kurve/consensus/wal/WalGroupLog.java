package io.kurve.consensus.wal;

import io.kurve.consensus.wal.GroupCommit.Urgency;
import io.kurve.consensus.wal.GroupState.Located;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.log.LogPosition;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Supplier;

/** A group's view of the shared WAL. Any number of them may stand for one group. */
final class WalGroupLog implements GroupLog {
  private final GroupState state;
  private final GroupCommit commit;
  private final EntryReader reader;

  WalGroupLog(GroupState state, GroupCommit commit, EntryReader reader) {
    this.state = state;
    this.commit = commit;
    this.reader = reader;
  }

  @Override
  public CopysetKey group() {
    return state.group();
  }

  @Override
  public HardState hardState() {
    return state.hardState();
  }

  @Override
  public void saveHardState(HardState promise) {
    state.promising().lock();
    try {
      checkMember();
      HardState before = state.hardState();
      if (promise.equals(before)) {
        return;
      }
      boolean newTerm = promise.term() > before.term();
      boolean firstVote = promise.term() == before.term() && before.votedFor().isEmpty();
      if (!newTerm && !firstVote) {
        throw new IllegalStateException(
            group() + " promised " + before + " and can't promise " + promise);
      }
      commit.commitFromReserve(
          WalRecord.of(
              WalRecord.Type.HARD_STATE,
              group(),
              new LogPosition(promise.term(), 0),
              ReplicaIds.ofVote(promise.votedFor())),
          Urgency.PROMISES);
    } finally {
      state.promising().unlock();
    }
  }

  @Override
  public long firstIndex() {
    return state.cut().index() + 1;
  }

  @Override
  public long lastIndex() {
    return state.lastIndex();
  }

  /** All that {@link #lastIndex} counts is durable. */
  @Override
  public long durableIndex() {
    return state.lastIndex();
  }

  @Override
  public OptionalLong term(long index) {
    return state.term(index);
  }

  @Override
  public Optional<LogRecord> read(long index) {
    return reader.read(state, index);
  }

  @Override
  public Supplier<Optional<LogRecord>> reading(long index) {
    Optional<Located> found = state.locate(index);
    return () -> reader.read(state, index, found);
  }

  @Override
  public List<LogRecord> configurations() {
    return state.configurations().stream().map(this::read).flatMap(Optional::stream).toList();
  }

  @Override
  public LogPosition cutAt() {
    return state.cut();
  }

  @Override
  public void append(List<LogRecord> records) throws WalFull {
    if (records.isEmpty()) {
      return;
    }
    state.changing().lock();
    try {
      checkMember();
      checkConsecutive(records);
      List<WalRecord> entries = new ArrayList<>(records.size());
      for (LogRecord record : records) {
        entries.add(WalRecord.entry(group(), record));
      }
      commit.commit(entries, Urgency.ENTRIES);
    } finally {
      state.changing().unlock();
    }
  }

  @Override
  public void truncatePrefix(LogPosition cut) {
    state.changing().lock();
    try {
      checkMember();
      if (cut.index() > state.cut().index()) {
        commit.commitFromReserve(WalRecord.of(WalRecord.Type.CUT, group(), cut), Urgency.RELEASES);
      }
    } finally {
      state.changing().unlock();
    }
  }

  @Override
  public void truncateSuffix(long lastKept) {
    state.changing().lock();
    try {
      checkMember();
      if (lastKept < state.cut().index()) {
        throw new IllegalArgumentException(
            group() + " is cut at " + state.cut() + ": it can't end at " + lastKept);
      }
      if (lastKept < state.lastIndex()) {
        commit.commitFromReserve(
            WalRecord.of(WalRecord.Type.TRUNCATE_SUFFIX, group(), new LogPosition(0, lastKept)),
            Urgency.PROMISES);
      }
    } finally {
      state.changing().unlock();
    }
  }

  @Override
  public void reset(LogPosition cut) {
    state.changing().lock();
    try {
      checkMember();
      commit.commitFromReserve(WalRecord.of(WalRecord.Type.RESET, group(), cut), Urgency.RELEASES);
    } finally {
      state.changing().unlock();
    }
  }

  private void checkConsecutive(List<LogRecord> records) {
    long expected = state.lastIndex() + 1;
    long term = state.term(expected - 1).orElse(0);
    for (LogRecord record : records) {
      if (record.index() != expected || record.term() < term) {
        throw new IllegalArgumentException(
            group()
                + ": entry "
                + record.index()
                + " of term "
                + record.term()
                + " can't stand at "
                + expected
                + " after term "
                + term);
      }
      expected++;
      term = record.term();
    }
  }

  private void checkMember() {
    if (state.isPurged()) {
      throw new KurveException(
          ErrorCode.REFUSED, group() + " was purged from this store", "open the group anew");
    }
  }
}
