package io.kurve.consensus.jraft;

import java.time.Duration;

/**
 * What an operator may change.
 *
 * @param electionTimeout followers wait this long, and up to half as long again, before they stand;
 *     reads need a lease of half of it
 * @param heartbeats in one election timeout; more of them cost idle CPU, fewer the lease
 * @param proposals that one replica has in flight at most, in number and in bytes
 * @param memoryBytes of one replica's log kept in memory until it is applied and durable
 * @param fullPercent of the WAL; above it nothing new is taken
 */
public record ReplicationSettings(
    Duration electionTimeout, int heartbeats, Bound proposals, long memoryBytes, int fullPercent) {

  public record Bound(int count, long bytes) {}

  public static ReplicationSettings defaults() {
    return new ReplicationSettings(
        Duration.ofMillis(1000), 5, new Bound(512, 16L << 20), 8L << 20, 85);
  }

  public ReplicationSettings withElectionTimeout(Duration timeout) {
    return new ReplicationSettings(timeout, heartbeats, proposals, memoryBytes, fullPercent);
  }
}
