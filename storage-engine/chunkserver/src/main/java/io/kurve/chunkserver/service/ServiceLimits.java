package io.kurve.chunkserver.service;

import java.time.Duration;

/**
 * Where the queues of a chunkserver end; beyond them the answer is OVERLOAD.
 *
 * @param maxRequests accepted and not yet answered
 * @param maxRequestBytes of their payloads
 * @param logFullPercent of the shared log, from which on nothing is proposed
 * @param slotReserve free slots that no first write may take: no more than the MDS keeps back on
 *     the smallest disk, or it would promise what is refused here
 * @param slowRequest from which on a request is logged
 */
public record ServiceLimits(
    int maxRequests,
    long maxRequestBytes,
    int logFullPercent,
    int slotReserve,
    Duration slowRequest) {
  public static ServiceLimits defaults() {
    return new ServiceLimits(4096, 64L << 20, 90, 2, Duration.ofMillis(100));
  }
}
