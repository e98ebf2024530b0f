package io.kurve.consensus.jraft;

import io.kurve.consensus.wal.GroupLogs;
import io.kurve.core.log.ReplicatedLogs.LogSpace;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The door to the WAL for all replicas of a chunkserver (rule 9): what it lets in finds room when
 * it is appended, because what is on its way is counted as if it were there. It may be counted
 * twice for a moment, never not at all.
 */
final class LogRoom {
  private static final int PRESSING_BELOW_FULL = 10;

  private final GroupLogs logs;
  private final int fullPercent;
  private final AtomicLong underWay = new AtomicLong();

  LogRoom(GroupLogs logs, int fullPercent) {
    this.logs = logs;
    this.fullPercent = fullPercent;
  }

  /** To be followed by {@link #leave} when it is true. */
  boolean enter(long bytes) {
    long waiting = underWay.addAndGet(bytes);
    LogSpace space = logs.space();
    if ((space.usedBytes() + waiting) * 100 <= space.totalBytes() * fullPercent) {
      return true;
    }
    leave(bytes);
    return false;
  }

  /** Whether the log must be dropped now, whoever needs it. */
  boolean isPressing() {
    LogSpace space = logs.space();
    return space.usedBytes() * 100 > space.totalBytes() * (fullPercent - PRESSING_BELOW_FULL);
  }

  void leave(long bytes) {
    underWay.addAndGet(-bytes);
  }
}
