package io.kurve.chunkserver.store;

import java.util.OptionalLong;

/**
 * What a new store shall be.
 *
 * @param walBytes of the WAL region; a sixteenth of the disk, from 64 MiB to 1 GiB, when absent
 * @param controlAreaBytes of each of the two control areas; by the number of slots when absent
 * @param existing what to do with what the disk holds
 */
public record FormatRequest(
    StoreIdentity identity,
    OptionalLong walBytes,
    OptionalLong controlAreaBytes,
    ExistingData existing) {

  /** What becomes of data that may be on the disk. */
  public enum ExistingData {
    /** The disk is refused when anything is found at its start or end. */
    REFUSE,
    /** Somebody who knows the disk has said that it is to be destroyed. */
    DESTROY
  }

  /** With the default sizes; refuses a disk that holds anything. */
  public static FormatRequest of(StoreIdentity identity) {
    return new FormatRequest(
        identity, OptionalLong.empty(), OptionalLong.empty(), ExistingData.REFUSE);
  }
}
