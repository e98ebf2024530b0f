package io.kurve.mds.leadership;

import java.time.Duration;

/**
 * @param leaderTimeToLive how long a leader that is silent stays leader for the others
 * @param leaderMargin how much earlier it stops to answer by its own clock
 * @param heartbeatInterval what chunkservers are told
 * @param unstableAfter without a heartbeat
 * @param offlineAfter without a heartbeat
 * @param attachmentLease from open or renewal
 * @param deadline of a command, a commit, and of a request that waits for copysets
 */
public record Timings(
    Duration leaderTimeToLive,
    Duration leaderMargin,
    Duration heartbeatInterval,
    Duration unstableAfter,
    Duration offlineAfter,
    Duration attachmentLease,
    Duration deadline) {
  public Timings {
    if (leaderMargin.compareTo(leaderTimeToLive.dividedBy(2)) >= 0) {
      throw new IllegalArgumentException(
          "the leader's margin " + leaderMargin + " must be below half of " + leaderTimeToLive);
    }
    if (unstableAfter.compareTo(offlineAfter) >= 0) {
      throw new IllegalArgumentException(
          "unstable after " + unstableAfter + " must come before offline after " + offlineAfter);
    }
  }

  public static Timings standard() {
    return new Timings(
        Duration.ofSeconds(3),
        Duration.ofMillis(500),
        Duration.ofSeconds(1),
        Duration.ofSeconds(3),
        Duration.ofSeconds(10),
        Duration.ofSeconds(10),
        Duration.ofSeconds(5));
  }
}
