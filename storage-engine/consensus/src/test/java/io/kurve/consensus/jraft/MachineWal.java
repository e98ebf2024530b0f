package io.kurve.consensus.jraft;

import io.kurve.consensus.wal.GroupLogs;
import io.kurve.core.failure.FaultHandler;

/** A machine's log through its crashes. */
interface MachineWal {
  GroupLogs start(FaultHandler faults);

  /** Nothing reaches the disk any more. */
  void losePower();
}
