package io.kurve.chunkserver.copyset;

/** Told how a replica that fell behind gets its bytes back. Safe for several threads. */
public interface CatchUp {
  enum Kind {
    /** Entries applied from the log. */
    LOG,
    /** Differing blocks, fetched by a replica that had state of its own. */
    DELTA,
    /** Blocks fetched by a replica that had nothing. */
    FULL
  }

  void received(Kind kind, long bytes);
}
