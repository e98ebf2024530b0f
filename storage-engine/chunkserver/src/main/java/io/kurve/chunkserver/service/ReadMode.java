package io.kurve.chunkserver.service;

/** How a leader makes sure that what it tells is the newest (docs/adr/010). */
public enum ReadMode {
  /** By its lease: no message, but clocks must run at about one speed. */
  LEASE,
  /** By an entry that a majority takes after the request came: any clock will do. */
  QUORUM
}
