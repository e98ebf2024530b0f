package io.kurve.testkit.raft;

import io.kurve.core.log.LogPosition;
import io.kurve.testkit.time.SeededRandom;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The entries that a replica has, the first of which are on its disk too. */
final class LogTail {
  private final KeptLog kept;
  private final List<LogEntry> entries = new ArrayList<>();
  private LogPosition base;
  private long durableIndex;

  LogTail(KeptLog kept) {
    this.kept = kept;
    this.base = kept.base();
    this.entries.addAll(kept.entries());
    this.durableIndex = lastIndex();
  }

  /** The position before the first entry. */
  LogPosition base() {
    return base;
  }

  long lastIndex() {
    return base.index() + entries.size();
  }

  long durableIndex() {
    return durableIndex;
  }

  LogEntry entry(long index) {
    return entries.get((int) (index - base.index() - 1));
  }

  /** -1 where there is no entry. */
  long termAt(long index) {
    if (index == base.index()) {
      return base.term();
    }
    return index > lastIndex() || index < base.index() ? -1 : entry(index).term();
  }

  boolean has(LogPosition position) {
    return position.index() <= lastIndex() && termAt(position.index()) == position.term();
  }

  /** Some entries after an index. */
  List<LogEntry> after(long index, int most) {
    int from = (int) (index - base.index());
    int count = (int) Math.min(most, lastIndex() - index);
    return List.copyOf(entries.subList(from, from + count));
  }

  void append(LogEntry entry) {
    entries.add(entry);
  }

  /** This entry and those behind it are gone. */
  void cutFrom(long index) {
    entries.subList((int) (index - base.index() - 1), entries.size()).clear();
    durableIndex = Math.min(durableIndex, lastIndex());
  }

  void sync() {
    kept.keep(base, entries);
    durableIndex = lastIndex();
  }

  /** Lets go of all up to this entry. */
  void dropThrough(long index) {
    LogPosition newBase = new LogPosition(termAt(index), index);
    entries.subList(0, (int) (index - base.index())).clear();
    base = newBase;
    sync();
  }

  /** Begins behind this position now; what was acknowledged and follows it stays. */
  void beginAfter(LogPosition position) {
    if (!has(position)) {
      resetTo(position);
      return;
    }
    entries.subList(0, (int) (position.index() - base.index())).clear();
    base = position;
    kept.keep(base, entries.subList(0, (int) (durableIndex - position.index())));
  }

  void resetTo(LogPosition position) {
    entries.clear();
    base = position;
    kept.keep(base, entries);
    durableIndex = position.index();
  }

  /** The process is dead: what was not synced may be torn off. */
  void tear(SeededRandom random) {
    kept.tear(base, entries, random);
  }

  long bytes() {
    long bytes = 0;
    for (LogEntry entry : entries) {
      byte @Nullable [] command = entry.command();
      bytes += command == null ? 0 : command.length;
    }
    return bytes;
  }
}
