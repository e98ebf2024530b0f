package io.kurve.client.volume;

import java.time.Duration;

/**
 * Bounds and times of one volume.
 *
 * @param numberSpan how far request numbers in flight may lie apart: bounds what copysets remember
 * @param bytesInFlight of all started requests together; a single larger request starts alone
 * @param waitingRequests that are accepted beyond those in flight; one more is answered OVERLOAD
 * @param piecesOfRequest of one request that are under way at once
 */
public record VolumeLimits(
    int numberSpan,
    long bytesInFlight,
    int waitingRequests,
    int piecesOfRequest,
    RetryTimes retry,
    Duration slow) {

  /**
   * @param tryTimeout after which a chunkserver's silence counts as no answer; doubles at each
   *     silence up to the longest
   * @param metadataTimeout after which the MDS's silence counts as no answer
   * @param attachmentDeadline for taking an attachment, and for giving it up
   */
  public record RetryTimes(
      Duration firstBackOff,
      Duration longestBackOff,
      Duration tryTimeout,
      Duration longestTryTimeout,
      Duration metadataTimeout,
      Duration attachmentDeadline) {}

  public static VolumeLimits defaults() {
    return new VolumeLimits(
        512,
        64L << 20,
        65_536,
        8,
        new RetryTimes(
            Duration.ofMillis(2),
            Duration.ofMillis(500),
            Duration.ofSeconds(2),
            Duration.ofSeconds(8),
            Duration.ofSeconds(5),
            Duration.ofSeconds(30)),
        Duration.ofMillis(100));
  }
}
