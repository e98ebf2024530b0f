package io.kurve.chunkserver.service;

import io.kurve.core.data.DataReply;
import io.kurve.core.failure.ErrorCode;
import java.time.Duration;
import java.util.Optional;

/**
 * When a request came and until when its sender waits, by the clock here: only durations travel, so
 * the time on its way is the sender's loss.
 */
record Arrival(long atNanos, Duration remaining) {
  /** To be asked before work begins; after a proposal nobody can take a change back. */
  Optional<DataReply> tooLate(long nowNanos) {
    long waited = nowNanos - atNanos;
    return waited < remaining.toNanos()
        ? Optional.empty()
        : Optional.of(
            Replies.failed(
                ErrorCode.DEADLINE_EXCEEDED,
                "it waited here for "
                    + waited / 1_000_000
                    + " ms and its sender for no more than "
                    + remaining.toMillis()
                    + " ms: nothing was done"));
  }
}
