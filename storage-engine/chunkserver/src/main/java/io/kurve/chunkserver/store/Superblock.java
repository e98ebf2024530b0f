package io.kurve.chunkserver.store;

import io.kurve.core.disk.Region;
import io.kurve.core.id.ClusterId;
import io.kurve.core.id.StoreId;
import io.kurve.core.unit.Geometry;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.UUID;

/**
 * What a store is and where its parts are: one page, in two copies.
 *
 * <pre>
 *    0  magic "KURVESTO"            88  flags: 1 = closed cleanly
 *    8  u32 format version          92  u32 slots
 *   12  u32 bytes a block           96  total bytes
 *   16  cluster UUID               104  u32 bytes a slot, u32 zero
 *   32  store UUID                 112  WAL: offset, length
 *   48  chunkserver id, 0 is none  128  control areas: offset, length of both
 *   56  store generation           144  slot headers: offset, length
 *   64  sequence number            160  block checksums: offset, length
 *   72  created, ms since 1970     176  slots: offset, length
 *   80  control sequence           192  highest MDS term, metastore revision,
 *                                       id, attachment id seen
 *                                 4092  u32 CRC32C of the 4092 bytes before
 * </pre>
 *
 * <p>Magic, version and CRC keep their places in every version, so that any one can tell a newer
 * store from a damaged one.
 *
 * @param generation +1 at each start
 * @param sequence +1 at each change; the newest valid copy is the superblock
 * @param controlSequence of the newest checkpoint that is known to be durable: an older one must
 *     never be used
 * @param closedCleanly no process has it open, and the last one wrote all it had
 */
record Superblock(
    StoreIdentity identity,
    StoreLayout layout,
    ClusterMemory memory,
    long generation,
    long sequence,
    long controlSequence,
    boolean closedCleanly) {
  private static final long MAGIC = 0x4b5552564553544fL;
  private static final int SLOT_COUNT_OFFSET = 92;
  private static final int FLAGS_OFFSET = 88;
  private static final int LAYOUT_OFFSET = 112;
  private static final int MEMORY_OFFSET = 192;

  /** One of the two places, as it was found. */
  sealed interface Copy {
    long offset();

    record Valid(long offset, Superblock superblock) implements Copy {}

    record Newer(long offset, int version) implements Copy {}

    /**
     * @param hasMagic it was a superblock once
     */
    record Bad(long offset, boolean hasMagic, String why) implements Copy {}
  }

  /** Into a page of zeros, from its position 0. */
  void encode(ByteBuffer page) {
    page.putLong(0, MAGIC);
    page.putInt(8, StoreLayout.FORMAT_VERSION);
    page.putInt(12, Geometry.BLOCK_BYTES);
    putUuid(page, 16, identity.cluster().value());
    putUuid(page, 32, identity.store().value());
    page.putLong(48, memory.chunkserverId());
    page.putLong(56, generation);
    page.putLong(64, sequence);
    page.putLong(72, identity.createdAt().toEpochMilli());
    page.putLong(80, controlSequence);
    page.putInt(FLAGS_OFFSET, closedCleanly ? 1 : 0);
    page.putInt(SLOT_COUNT_OFFSET, layout.slotCount());
    page.putLong(96, layout.totalBytes());
    page.putInt(104, Geometry.CHUNK_BYTES);
    page.position(LAYOUT_OFFSET);
    putRegion(page, layout.wal());
    putRegion(page, layout.controls());
    putRegion(page, layout.headers());
    putRegion(page, layout.checksums());
    putRegion(page, layout.slots());
    page.position(MEMORY_OFFSET);
    page.putLong(memory.mdsTerm());
    page.putLong(memory.metastoreRevision());
    page.putLong(memory.highestId());
    page.putLong(memory.highestAttachmentId());
    Page.seal(page);
    page.clear();
  }

  static Copy decode(long offset, ByteBuffer page) {
    if (page.getLong(0) != MAGIC) {
      return new Copy.Bad(offset, false, "no Kurve superblock is there");
    }
    if (!Page.isSealed(page)) {
      return new Copy.Bad(offset, true, "its checksum does not match");
    }
    int version = page.getInt(8);
    if (version > StoreLayout.FORMAT_VERSION) {
      return new Copy.Newer(offset, version);
    }
    if (version != StoreLayout.FORMAT_VERSION
        || page.getInt(12) != Geometry.BLOCK_BYTES
        || page.getInt(104) != Geometry.CHUNK_BYTES) {
      return new Copy.Bad(offset, true, "its version, block or slot size is impossible");
    }
    try {
      return new Copy.Valid(offset, decodeFields(page));
    } catch (IllegalArgumentException e) {
      return new Copy.Bad(offset, true, "its fields are impossible: " + e.getMessage());
    }
  }

  private static Superblock decodeFields(ByteBuffer page) {
    StoreIdentity identity =
        new StoreIdentity(
            new ClusterId(uuid(page, 16)),
            new StoreId(uuid(page, 32)),
            Instant.ofEpochMilli(page.getLong(72)));
    page.position(LAYOUT_OFFSET);
    StoreLayout layout =
        new StoreLayout(
            page.getLong(96), region(page), region(page), region(page), region(page), region(page));
    if (page.getInt(SLOT_COUNT_OFFSET) != layout.slotCount()) {
      throw new IllegalArgumentException(
          "it says %d slots and has room for %d"
              .formatted(
                  Integer.toUnsignedLong(page.getInt(SLOT_COUNT_OFFSET)), layout.slotCount()));
    }
    page.position(MEMORY_OFFSET);
    ClusterMemory memory =
        new ClusterMemory(
            page.getLong(48), page.getLong(), page.getLong(), page.getLong(), page.getLong());
    page.clear();
    return new Superblock(
        identity,
        layout,
        memory,
        page.getLong(56),
        page.getLong(64),
        page.getLong(80),
        (page.getInt(FLAGS_OFFSET) & 1) != 0);
  }

  /** The same store, one change later. */
  Superblock next(
      ClusterMemory newMemory, long newGeneration, long newControlSequence, boolean closed) {
    return new Superblock(
        identity, layout, newMemory, newGeneration, sequence + 1, newControlSequence, closed);
  }

  boolean isSameStart(Superblock other) {
    return generation == other.generation && identity.store().equals(other.identity.store());
  }

  private static void putRegion(ByteBuffer page, Region region) {
    page.putLong(region.offset());
    page.putLong(region.lengthBytes());
  }

  private static Region region(ByteBuffer page) {
    return new Region(page.getLong(), page.getLong());
  }

  static void putUuid(ByteBuffer page, int offset, UUID uuid) {
    page.putLong(offset, uuid.getMostSignificantBits());
    page.putLong(offset + 8, uuid.getLeastSignificantBits());
  }

  static UUID uuid(ByteBuffer page, int offset) {
    return new UUID(page.getLong(offset), page.getLong(offset + 8));
  }
}
