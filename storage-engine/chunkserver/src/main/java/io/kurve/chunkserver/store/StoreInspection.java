package io.kurve.chunkserver.store;

import io.kurve.chunkserver.store.SlotStore.Slot;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.log.LogPosition;
import io.kurve.core.log.Membership;
import java.util.List;

/**
 * What a stopped store says of itself.
 *
 * @param name of the disk
 * @param closedCleanly otherwise the next start replays the WAL, and what is newer than the
 *     checkpoint may not fit together until then
 * @param slots in use by the newest checkpoint, by number
 */
public record StoreInspection(
    String name,
    Identification identification,
    StoreLayout layout,
    boolean closedCleanly,
    List<SuperblockSummary> superblocks,
    Checkpoint checkpoint,
    List<Slot> slots) {

  /** Who the store is. */
  public record Identification(
      int formatVersion, StoreIdentity identity, ClusterMemory memory, long generation) {}

  /**
   * @param sequence -1 when the copy is damaged
   * @param text what was found
   */
  public record SuperblockSummary(long offset, long sequence, String text) {}

  /**
   * The newest one that may be used.
   *
   * @param storeGeneration of the start that wrote it
   */
  public record Checkpoint(
      long sequence,
      int area,
      long storeGeneration,
      long payloadBytes,
      long capacityBytes,
      List<CopysetSummary> copysets) {}

  public record CopysetSummary(
      CopysetKey copyset,
      LogPosition at,
      Membership membership,
      boolean installing,
      int slots,
      int stateBytes) {}
}
