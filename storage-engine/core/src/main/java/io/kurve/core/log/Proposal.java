package io.kurve.core.log;

import io.kurve.core.id.ReplicaId;
import java.util.Optional;

/** How a proposal ended. There are three ends, and the third is not a failure. */
public sealed interface Proposal<R> {
  /** Committed and applied here; the reply is the state machine's. */
  record Applied<R>(LogPosition at, R reply) implements Proposal<R> {}

  /** Certainly not in the log, now or later. */
  record Rejected<R>(Optional<ReplicaId> leader, String why) implements Proposal<R> {}

  /** May be applied already, later or never: to be sent again under the same request id only. */
  record Unknown<R>(String why) implements Proposal<R> {}
}
