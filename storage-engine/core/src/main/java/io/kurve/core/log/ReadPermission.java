package io.kurve.core.log;

import io.kurve.core.id.ReplicaId;
import java.util.Optional;

/** Whether this replica may answer a read from its applied state at this moment. */
public sealed interface ReadPermission {
  /** It leads in this term, has applied all that was committed before, and its lease runs. */
  record Granted(long term) implements ReadPermission {}

  record Refused(Optional<ReplicaId> leader, String why) implements ReadPermission {}
}
