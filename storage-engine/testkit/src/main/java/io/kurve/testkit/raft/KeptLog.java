package io.kurve.testkit.raft;

import io.kurve.core.log.LogPosition;
import io.kurve.core.log.Membership;
import io.kurve.testkit.time.SeededRandom;
import java.util.ArrayList;
import java.util.List;

/** What one replica's log has on its disk: it outlives the process. */
final class KeptLog {
  private final Membership founders;
  private long term;
  private LogPosition base = LogPosition.BEFORE_ALL;
  private Roster baseRoster;
  private List<LogEntry> entries = new ArrayList<>();

  KeptLog(Membership founders) {
    this.founders = founders;
    this.baseRoster = Roster.of(founders);
  }

  KeptLog copy() {
    KeptLog copy = new KeptLog(founders);
    copy.term = term;
    copy.keep(base, baseRoster, entries);
    return copy;
  }

  /** Without voters when it was opened to join as a learner. */
  Membership founders() {
    return founders;
  }

  long term() {
    return term;
  }

  void term(long now) {
    term = now;
  }

  /** The position before the first entry. */
  LogPosition base() {
    return base;
  }

  /** Who belonged to the group there. */
  Roster baseRoster() {
    return baseRoster;
  }

  List<LogEntry> entries() {
    return entries;
  }

  long lastIndex() {
    return base.index() + entries.size();
  }

  void keep(LogPosition newBase, Roster newBaseRoster, List<LogEntry> all) {
    base = newBase;
    baseRoster = newBaseRoster;
    entries = new ArrayList<>(all);
  }

  /** The power failed: of what was appended and not synced, some first part may be there. */
  void tear(LogPosition volatileBase, List<LogEntry> all, SeededRandom random) {
    if (!volatileBase.equals(base) || all.size() <= entries.size()) {
      return;
    }
    if (!all.subList(0, entries.size()).equals(entries)) {
      return;
    }
    int more = random.nextInt(all.size() - entries.size() + 1);
    entries = new ArrayList<>(all.subList(0, entries.size() + more));
  }
}
