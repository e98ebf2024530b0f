package io.kurve.mds.repair;

import java.time.Duration;

/**
 * @param grace how long a disk may be silent before its replicas are rebuilt elsewhere
 * @param movesAtOnce in the whole cluster; one disk takes in one replica at a time
 */
public record RepairPolicy(Duration grace, int movesAtOnce) {
  public static RepairPolicy standard() {
    return new RepairPolicy(Duration.ofMinutes(10), 2);
  }

  public RepairPolicy withGrace(Duration wanted) {
    return new RepairPolicy(wanted, movesAtOnce);
  }
}
