package io.kurve.chunkserver.store;

import io.kurve.chunkserver.store.SlotStore.Slot;
import io.kurve.core.data.ChunkAddress;
import io.kurve.core.id.ChunkId;
import io.kurve.core.id.CopysetGeneration;
import io.kurve.core.id.CopysetId;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.id.StoreId;
import io.kurve.core.id.VolumeId;
import java.nio.ByteBuffer;
import java.util.Optional;

/**
 * Says whose a slot is, so that the namespace can be rebuilt from disks alone. The store itself
 * goes by the control checkpoint; a header that differs from it is damage and is written again.
 *
 * <pre>
 *    0  magic "KURVESLT"       48  volume id
 *    8  u32 format version     56  chunk index in the volume
 *   12  u32 state              64  chunk id
 *       1 in use, 2 free       72  copyset id
 *   16  store UUID             80  copyset generation
 *   32  u32 slot number        88  volume sequence number  \
 *   36  u32 kind, 1 = data     96  u32 block map: slot,     } for redirect-on-write:
 *   40  slot generation       100  u32 first block,        |  zeros in version 1
 *                             104  slot generation         /
 *                            4092  u32 CRC32C of the 4092 bytes before
 * </pre>
 *
 * <p>A page of zeros is a slot that was never used. A free slot keeps the fields of its last use.
 */
record SlotHeader(StoreId store, Slot slot, boolean inUse) {
  private static final long MAGIC = 0x4b55525645534c54L;
  private static final int STATE_IN_USE = 1;
  private static final int STATE_FREE = 2;
  private static final int KIND_DATA = 1;

  /** Into a page of zeros. */
  void encode(ByteBuffer page) {
    page.putLong(0, MAGIC);
    page.putInt(8, StoreLayout.FORMAT_VERSION);
    page.putInt(12, inUse ? STATE_IN_USE : STATE_FREE);
    Superblock.putUuid(page, 16, store.value());
    page.putInt(32, slot.number());
    page.putInt(36, KIND_DATA);
    page.putLong(40, slot.generation());
    page.putLong(48, slot.address().volume().value());
    page.putLong(56, slot.address().index());
    page.putLong(64, slot.address().chunk().value());
    page.putLong(72, slot.copyset().id().value());
    page.putLong(80, slot.copyset().generation().value());
    Page.seal(page);
  }

  /** Empty when it is damaged. */
  static Optional<SlotHeader> decode(ByteBuffer page) {
    int state = page.getInt(12);
    if (page.getLong(0) != MAGIC
        || !Page.isSealed(page)
        || page.getInt(8) != StoreLayout.FORMAT_VERSION
        || (state != STATE_IN_USE && state != STATE_FREE)) {
      return Optional.empty();
    }
    try {
      ChunkAddress address =
          new ChunkAddress(
              new VolumeId(page.getLong(48)), page.getLong(56), new ChunkId(page.getLong(64)));
      CopysetKey copyset =
          new CopysetKey(new CopysetId(page.getLong(72)), new CopysetGeneration(page.getLong(80)));
      return Optional.of(
          new SlotHeader(
              new StoreId(Superblock.uuid(page, 16)),
              new Slot(page.getInt(32), page.getLong(40), address, copyset),
              state == STATE_IN_USE));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }
}
