package io.kurve.protocol.control;

import java.time.Duration;

/**
 * @param callTimeout of each call, all tries together
 * @param attemptTimeout of each try, where there is more than one MDS
 * @param awayTimeout of each call while none of the MDS can be reached at all
 * @param firstBackOff after each MDS has been asked once; doubles up to {@code longestBackOff},
 *     with jitter from half to one and a half
 * @param cureWhenAway what to do when no MDS answers
 */
public record MdsClientConfig(
    Duration callTimeout,
    Duration attemptTimeout,
    Duration awayTimeout,
    Duration firstBackOff,
    Duration longestBackOff,
    String cureWhenAway) {
  public static MdsClientConfig defaults() {
    return new MdsClientConfig(
        Duration.ofSeconds(10),
        Duration.ofSeconds(4),
        Duration.ofSeconds(10),
        Duration.ofMillis(50),
        Duration.ofSeconds(1),
        "see whether it runs there, and start it");
  }

  public MdsClientConfig withCallTimeout(Duration timeout) {
    return new MdsClientConfig(
        timeout, attemptTimeout, awayTimeout, firstBackOff, longestBackOff, cureWhenAway);
  }

  /** For people, who rather hear at once that nobody listens. */
  public MdsClientConfig withAwayTimeout(Duration timeout) {
    return new MdsClientConfig(
        callTimeout, attemptTimeout, timeout, firstBackOff, longestBackOff, cureWhenAway);
  }

  public MdsClientConfig withCureWhenAway(String cure) {
    return new MdsClientConfig(
        callTimeout, attemptTimeout, awayTimeout, firstBackOff, longestBackOff, cure);
  }
}
