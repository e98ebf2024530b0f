package io.kurve.protocol.data;

import java.time.Duration;

/**
 * @param maxInFlight requests on one connection, those that wait for it to open included; more are
 *     OVERLOAD
 * @param connectTime for connection and handshake together
 * @param firstBackOff after a failed attempt; doubles up to {@code longestBackOff}, each time with
 *     jitter from half to one and a half
 * @param silenceTime a connection from which nothing came for it is pinged; after three it is lost
 */
public record DataClientConfig(
    int threads,
    int maxInFlight,
    Duration connectTime,
    Duration firstBackOff,
    Duration longestBackOff,
    Duration silenceTime) {
  public static DataClientConfig defaults() {
    return new DataClientConfig(
        1,
        1024,
        Duration.ofSeconds(3),
        Duration.ofMillis(20),
        Duration.ofSeconds(1),
        Duration.ofSeconds(5));
  }
}
