package io.kurve.protocol.control;

import java.time.Duration;

/**
 * @param callTimeout of each call, all tries together
 * @param firstBackOff after each MDS has been asked once; doubles up to {@code longestBackOff},
 *     with jitter from half to one and a half
 */
public record MdsClientConfig(
    Duration callTimeout, Duration firstBackOff, Duration longestBackOff) {
  public static MdsClientConfig defaults() {
    return new MdsClientConfig(
        Duration.ofSeconds(10), Duration.ofMillis(50), Duration.ofSeconds(1));
  }

  public MdsClientConfig withCallTimeout(Duration timeout) {
    return new MdsClientConfig(timeout, firstBackOff, longestBackOff);
  }
}
