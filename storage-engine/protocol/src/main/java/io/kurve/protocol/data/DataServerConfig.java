package io.kurve.protocol.data;

import io.kurve.core.metadata.HostAndPort;
import java.time.Duration;

/**
 * @param bind port 0 takes a free one
 * @param handshakeTime a connection that is not authenticated after it is closed
 * @param silenceTime a connection that sends nothing for it is closed; clients ping more often
 */
public record DataServerConfig(
    HostAndPort bind,
    int threads,
    int maxConnections,
    int maxInFlightPerConnection,
    long maxInFlightBytesPerConnection,
    Duration handshakeTime,
    Duration silenceTime) {

  /** On the given address, with limits that suit a chunkserver. */
  public static DataServerConfig on(HostAndPort bind) {
    return new DataServerConfig(
        bind, 1, 1024, 1024, 64L << 20, Duration.ofSeconds(5), Duration.ofSeconds(60));
  }

  public DataServerConfig withThreads(int count) {
    return new DataServerConfig(
        bind,
        count,
        maxConnections,
        maxInFlightPerConnection,
        maxInFlightBytesPerConnection,
        handshakeTime,
        silenceTime);
  }
}
