package io.kurve.chunkserver.store;

import java.util.List;

/**
 * What a check of a whole store found.
 *
 * @param findings the first of them, in the order of the disk
 * @param findingsLeftOut how many more there were
 */
public record StoreCheck(
    StoreInspection inspection, List<StoreFinding> findings, long findingsLeftOut, Counts counts) {

  public boolean isSound() {
    return findings.isEmpty();
  }

  /** What was verified. */
  public record Counts(
      long slotsChecked,
      long checksumEntriesChecked,
      long blocksChecked,
      long bytesChecked,
      long damagedBlocks) {}
}
