package io.kurve.chunkserver.server;

import io.kurve.consensus.wal.SharedWal;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.log.Membership;
import io.kurve.core.log.ReplicatedLog;
import io.kurve.core.log.ReplicatedLogs;
import io.kurve.core.log.ReplicatedStateMachine;
import java.util.List;
import java.util.Set;

/**
 * Makes the durable record of a group's founders before its replica starts, and gives it back at
 * the next start: a replica killed before its first checkpoint still knows whom to ask.
 */
final class FoundingLogs implements ReplicatedLogs {
  private final SharedWal wal;
  private final ReplicatedLogs logs;

  FoundingLogs(SharedWal wal, ReplicatedLogs logs) {
    this.wal = wal;
    this.logs = logs;
  }

  @Override
  public Set<CopysetKey> members() {
    return logs.members();
  }

  @Override
  public <R> ReplicatedLog<R> open(
      CopysetKey copyset, Membership initial, ReplicatedStateMachine<R> stateMachine) {
    if (wal.group(copyset).isEmpty()) {
      var unused = wal.found(copyset, initial);
    }
    Membership founders = wal.founders(copyset).orElse(Membership.ofVoters(List.of()));
    return logs.open(copyset, founders, stateMachine);
  }

  @Override
  public void purge(CopysetKey copyset) {
    logs.purge(copyset);
  }

  @Override
  public LogSpace space() {
    return logs.space();
  }

  @Override
  public void close() {
    logs.close();
  }
}
