package io.kurve.core.log;

import io.kurve.core.id.ReplicaId;
import java.util.Optional;

/** How a proposal ended. There are three ends, and the third is not a failure. */
public sealed interface Proposal<R> {
  /** Committed and applied here; the reply is the state machine's. */
  record Applied<R>(LogPosition at, R reply) implements Proposal<R> {}

  /** Certainly not in the log, now or later. */
  record Rejected<R>(Optional<ReplicaId> leader, Reason reason, String why) implements Proposal<R> {
    public Rejected(Optional<ReplicaId> leader, String why) {
      this(leader, Reason.NOT_LEADER, why);
    }
  }

  /** May be applied already, later or never: to be sent again under the same request id only. */
  record Unknown<R>(String why) implements Proposal<R> {}

  /** What to do after a rejection: look for the leader, or come back later. */
  enum Reason {
    NOT_LEADER,
    OVERLOAD
  }
}
