package io.kurve.consensus.wal;

import java.nio.ByteBuffer;

/**
 * One entry of a group's log.
 *
 * @param payload opaque to the WAL; its remaining bytes, read-only
 */
public record LogRecord(long index, long term, Kind kind, ByteBuffer payload) {
  public enum Kind {
    DATA,
    CONFIGURATION,
    NO_OP
  }
}
