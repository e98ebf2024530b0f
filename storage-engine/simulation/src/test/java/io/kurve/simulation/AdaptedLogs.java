package io.kurve.simulation;

import io.kurve.chunkserver.copyset.CommandReply;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.log.Membership;
import io.kurve.core.log.ReplicatedLog;
import io.kurve.core.log.ReplicatedLogs;
import io.kurve.core.log.ReplicatedStateMachine;
import java.util.Set;

/** Puts the adapters between a copyset and its log. */
final class AdaptedLogs implements ReplicatedLogs {
  private final ReplicatedLogs logs;
  private final Adapters adapters;

  AdaptedLogs(ReplicatedLogs logs, Adapters adapters) {
    this.logs = logs;
    this.adapters = adapters;
  }

  @Override
  public Set<CopysetKey> members() {
    return logs.members();
  }

  /** Chunkservers open groups of copyset commands only. */
  @Override
  @SuppressWarnings("unchecked")
  public <R> ReplicatedLog<R> open(
      CopysetKey copyset, Membership initial, ReplicatedStateMachine<R> stateMachine) {
    ReplicatedStateMachine<CommandReply> machine =
        adapters.machine((ReplicatedStateMachine<CommandReply>) stateMachine);
    return (ReplicatedLog<R>) adapters.log(logs.open(copyset, initial, machine));
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
