package io.kurve.testkit.raft;

import org.jspecify.annotations.Nullable;

/**
 * @param command null in entries of the log's own
 * @param roster who belongs to the group from this entry on, also in a new leader's first one; null
 *     where there is a command
 */
record LogEntry(long term, byte @Nullable [] command, @Nullable Roster roster) {
  static LogEntry of(long term, byte[] command) {
    return new LogEntry(term, command, null);
  }

  static LogEntry of(long term, Roster roster) {
    return new LogEntry(term, null, roster);
  }
}
