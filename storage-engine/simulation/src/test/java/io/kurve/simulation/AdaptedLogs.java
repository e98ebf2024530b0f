package io.kurve.simulation;

import io.kurve.chunkserver.copyset.CommandReply;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.log.Membership;
import io.kurve.core.log.ReplicatedLog;
import io.kurve.core.log.ReplicatedLogs;
import io.kurve.core.log.ReplicatedStateMachine;
import io.kurve.testkit.log.ForwardedLogs;

/** Puts the adapters between a copyset and its log. */
final class AdaptedLogs extends ForwardedLogs {
  private final Adapters adapters;

  AdaptedLogs(ReplicatedLogs logs, Adapters adapters) {
    super(logs);
    this.adapters = adapters;
  }

  /** Chunkservers open groups of copyset commands only. */
  @Override
  @SuppressWarnings("unchecked")
  public <R> ReplicatedLog<R> open(
      CopysetKey copyset, Membership initial, ReplicatedStateMachine<R> stateMachine) {
    ReplicatedStateMachine<CommandReply> machine =
        adapters.machine((ReplicatedStateMachine<CommandReply>) stateMachine);
    return (ReplicatedLog<R>) adapters.log(super.open(copyset, initial, machine));
  }
}
