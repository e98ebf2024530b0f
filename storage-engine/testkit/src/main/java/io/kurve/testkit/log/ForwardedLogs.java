package io.kurve.testkit.log;

import io.kurve.core.id.CopysetKey;
import io.kurve.core.log.Membership;
import io.kurve.core.log.ReplicatedLog;
import io.kurve.core.log.ReplicatedLogs;
import io.kurve.core.log.ReplicatedStateMachine;
import java.util.Set;

/** Other logs as they are, for logs that change one thing of them. */
public class ForwardedLogs implements ReplicatedLogs {
  private final ReplicatedLogs logs;

  protected ForwardedLogs(ReplicatedLogs logs) {
    this.logs = logs;
  }

  @Override
  public Set<CopysetKey> members() {
    return logs.members();
  }

  @Override
  public <R> ReplicatedLog<R> open(
      CopysetKey copyset, Membership initial, ReplicatedStateMachine<R> stateMachine) {
    return logs.open(copyset, initial, stateMachine);
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
