package io.kurve.testkit.raft;

import io.kurve.core.id.ReplicaId;
import io.kurve.core.log.LogPosition;
import io.kurve.core.log.Membership;
import io.kurve.testkit.time.SeededRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The entries that a replica has, the first of which are on its disk too. */
final class LogTail {
  private final KeptLog kept;
  private final List<LogEntry> entries = new ArrayList<>();

  /** Those of the entries that name members. */
  private final NavigableMap<Long, Roster> rosters = new TreeMap<>();

  private LogPosition base;
  private Roster baseRoster;
  private long durableIndex;

  LogTail(KeptLog kept) {
    this.kept = kept;
    this.base = kept.base();
    this.baseRoster = kept.baseRoster();
    kept.entries().forEach(this::append);
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
    Roster roster = entry.roster();
    if (roster != null) {
      rosters.put(lastIndex(), roster);
    }
  }

  /** Who belongs to the group: it counts as soon as it is appended. */
  Roster roster() {
    return rosterAt(lastIndex());
  }

  Roster rosterAt(long index) {
    Map.Entry<Long, Roster> newest = rosters.floorEntry(index);
    return newest == null ? baseRoster : newest.getValue();
  }

  /** The last entry that changed the members; the log's beginning if there is none. */
  long rosterIndex() {
    return rosters.isEmpty() ? base.index() : rosters.lastKey();
  }

  /** Whether the group itself has named this replica, in an entry or in a checkpoint. */
  boolean names(ReplicaId replica) {
    return (base.index() > 0 && baseRoster.names(replica))
        || rosters.values().stream().anyMatch(roster -> roster.names(replica));
  }

  /** This entry and those behind it are gone. */
  void cutFrom(long index) {
    entries.subList((int) (index - base.index() - 1), entries.size()).clear();
    rosters.tailMap(index, true).clear();
    durableIndex = Math.min(durableIndex, lastIndex());
  }

  void sync() {
    kept.keep(base, baseRoster, entries);
    durableIndex = lastIndex();
  }

  /** Lets go of all up to this entry. */
  void dropThrough(long index) {
    dropTo(new LogPosition(termAt(index), index), rosterAt(index));
    sync();
  }

  /** Begins behind this position now; what was acknowledged and follows it stays. */
  void beginAfter(LogPosition position, Membership membership) {
    if (!has(position)) {
      resetTo(position, membership);
      return;
    }
    long durable = durableIndex;
    dropTo(position, Roster.of(membership));
    kept.keep(base, baseRoster, entries.subList(0, (int) (durable - position.index())));
  }

  private void dropTo(LogPosition position, Roster roster) {
    entries.subList(0, (int) (position.index() - base.index())).clear();
    rosters.headMap(position.index(), true).clear();
    base = position;
    baseRoster = roster;
  }

  void resetTo(LogPosition position, Membership membership) {
    entries.clear();
    rosters.clear();
    base = position;
    baseRoster = Roster.of(membership);
    kept.keep(base, baseRoster, entries);
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
