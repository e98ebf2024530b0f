package io.kurve.core.unit;

import java.time.Instant;
import java.time.temporal.ChronoUnit;

/** Points in time as people read them. */
public final class Moment {
  private Moment() {}

  /** {@code 2026-11-24T04:20:40Z}: what is below a second is cut off. */
  public static String toHuman(Instant at) {
    return at.truncatedTo(ChronoUnit.SECONDS).toString();
  }
}
