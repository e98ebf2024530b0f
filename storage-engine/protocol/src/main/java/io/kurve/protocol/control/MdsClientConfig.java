package io.kurve.protocol.control;

import java.time.Duration;

/**
 * @param callTimeout of each call, all tries together
 * @param firstBackOff after each MDS has been asked once; doubles up to {@code longestBackOff},
 *     with jitter from half to one and a half
 * @param cureWhenAway what to do when no MDS answers
 */
public record MdsClientConfig(
    Duration callTimeout, Duration firstBackOff, Duration longestBackOff, String cureWhenAway) {
  public static MdsClientConfig defaults() {
    return new MdsClientConfig(
        Duration.ofSeconds(10),
        Duration.ofMillis(50),
        Duration.ofSeconds(1),
        "see whether it runs there, and start it");
  }

  public MdsClientConfig withCallTimeout(Duration timeout) {
    return new MdsClientConfig(timeout, firstBackOff, longestBackOff, cureWhenAway);
  }

  public MdsClientConfig withCureWhenAway(String cure) {
    return new MdsClientConfig(callTimeout, firstBackOff, longestBackOff, cure);
  }
}
