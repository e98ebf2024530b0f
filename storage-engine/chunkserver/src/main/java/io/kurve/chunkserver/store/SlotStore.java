package io.kurve.chunkserver.store;

import io.kurve.core.data.ChunkAddress;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.log.LogPosition;
import io.kurve.core.log.Membership;
import io.kurve.core.metastore.Bytes;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Slots of 16 MiB, their block checksums, and the checkpoints of the copysets that own them.
 *
 * <p>Blocks are written in place through the disk's cache and become durable with the next {@link
 * #checkpoint}; until then the WAL can rewrite them. Calls for one slot come one at a time from its
 * copyset; calls for different copysets run side by side. An {@link IOException} of a read is
 * reported as damage; one of a write, sync or checkpoint goes to the fault handler and never
 * returns.
 */
public interface SlotStore {
  /**
   * A slot in use.
   *
   * @param generation new at each allocation, never repeated in this store
   */
  record Slot(int number, long generation, ChunkAddress address, CopysetKey copyset) {}

  /**
   * A copyset's control state, exact at one log position.
   *
   * @param installing the blocks are a mixture: see ReplicatedStateMachine.install
   * @param state opaque to the store
   */
  record CopysetControl(
      CopysetKey copyset,
      LogPosition at,
      Membership membership,
      boolean installing,
      List<Slot> slots,
      Bytes state) {}

  /** As of the newest durable checkpoint. */
  Map<CopysetKey, CopysetControl> controls();

  /**
   * A free slot whose blocks all read as never written. A slot that was freed does not come back
   * while the newest durable checkpoint names it.
   *
   * @throws NoFreeSlot when there is none
   */
  Slot allocate(ChunkAddress address, CopysetKey copyset) throws NoFreeSlot;

  /** At once when no durable checkpoint names it, else with the next checkpoint without it. */
  void free(Slot slot);

  int slotCount();

  /** In use, or freed and waiting for a checkpoint. */
  int slotsUsed();

  /** Each checksum must already be that of its block. */
  void write(Slot slot, int firstBlock, ByteBuffer blocks, int[] checksums);

  /** The blocks read as zeros again. */
  void erase(Slot slot, int firstBlock, int count);

  /**
   * Reads and verifies blocks into the target; a block never written gives zeros.
   *
   * @param checksums receives the CRC32C of each block
   * @return the damaged ones among them, by position in this read; their bytes are undefined
   */
  BitSet read(Slot slot, int firstBlock, int count, ByteBuffer target, int[] checksums);

  /**
   * The checksums that the table holds, without reading blocks.
   *
   * @param checksums receives the CRC32C of each block
   * @return the blocks whose table entry itself is damaged
   */
  BitSet checksums(Slot slot, int firstBlock, int count, int[] checksums);

  /** Blocks with data, by the table. */
  BitSet written(Slot slot);

  /**
   * Makes all blocks written so far durable, then the given control states; the others stay as they
   * are. Slots freed before the call can be allocated after it.
   */
  void checkpoint(List<CopysetControl> changed, Set<CopysetKey> removed);

  final class NoFreeSlot extends Exception {
    private static final long serialVersionUID = 1;

    public NoFreeSlot(String message) {
      super(message);
    }
  }
}
