package io.kurve.testkit.raft;

import io.kurve.core.log.LogPosition;
import io.kurve.core.log.Membership;
import io.kurve.testkit.time.SeededRandom;
import java.util.ArrayList;
import java.util.List;

/** What one replica's log has on its disk: it outlives the process. */
final class KeptLog {
  private final Membership membership;
  private long term;
  private LogPosition base = LogPosition.BEFORE_ALL;
  private List<LogEntry> entries = new ArrayList<>();

  KeptLog(Membership membership) {
    this.membership = membership;
  }

  KeptLog copy() {
    KeptLog copy = new KeptLog(membership);
    copy.term = term;
    copy.keep(base, entries);
    return copy;
  }

  Membership membership() {
    return membership;
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

  List<LogEntry> entries() {
    return entries;
  }

  long lastIndex() {
    return base.index() + entries.size();
  }

  void keep(LogPosition newBase, List<LogEntry> all) {
    base = newBase;
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
