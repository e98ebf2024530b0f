package io.kurve.chunkserver.store;

import io.kurve.chunkserver.store.SlotStore.CopysetControl;
import io.kurve.core.checksum.BlockChecksum;
import io.kurve.core.disk.Disk;
import io.kurve.core.disk.Region;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.StoreId;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.zip.CRC32C;

/**
 * Writes and reads {@link ControlImage}s in the two control areas, past the cache.
 *
 * <p>Which one may be used at a start: the newest valid one, if its sequence is not below the one
 * that the superblock names. An image of sequence n + 1 beside a superblock of n is whole, so its
 * data was synced before it, and the WAL was not trimmed yet: both n and n + 1 would be right. An
 * image of n - 1 is never right: slots that it holds may belong to others by now, and the WAL after
 * it is gone. So a torn newest image costs nothing, and a rotten one is found out.
 *
 * <p>Not safe for use by several threads.
 */
final class ControlAreas {
  static final int AREAS = 2;

  private static final long MAGIC = 0x4b5552564543544cL;
  private static final int TRANSFER_BYTES = 1 << 20;

  private final Disk disk;
  private final StoreLayout layout;
  private final StoreId store;

  /** What one area holds. */
  sealed interface Content {
    record Valid(ControlImage image, long payloadBytes) implements Content {}

    /**
     * @param empty it holds zeros: nothing was ever there, or a start has passed it over
     */
    record Bad(String why, boolean empty) implements Content {}
  }

  ControlAreas(Disk disk, StoreLayout layout, StoreId store) {
    this.disk = disk;
    this.layout = layout;
    this.store = store;
  }

  /** The longest payload that fits. */
  long capacityBytes() {
    return layout.controlArea(0).lengthBytes() - StoreLayout.PAGE_BYTES;
  }

  /** Durable on return. */
  void write(int area, ControlImage image) throws IOException {
    Region region = layout.controlArea(area);
    ByteBuffer transfer = Disk.allocateAligned(TRANSFER_BYTES);
    CRC32C checksum = new CRC32C();
    long at = region.offset() + StoreLayout.PAGE_BYTES;
    for (CopysetControl control : image.controls().values()) {
      ByteBuffer encoded = ControlImage.encode(control);
      checksum.update(encoded.duplicate());
      while (encoded.hasRemaining()) {
        int count = Math.min(encoded.remaining(), transfer.remaining());
        transfer.put(encoded.slice(encoded.position(), count));
        encoded.position(encoded.position() + count);
        if (!transfer.hasRemaining()) {
          at = flush(transfer, at);
        }
      }
    }
    flush(transfer, at);
    // The header comes last: before it the payload is not part of anything.
    putHeader(transfer, image, (int) checksum.getValue());
    flush(transfer, region.offset());
  }

  private void putHeader(ByteBuffer page, ControlImage image, int payloadChecksum) {
    Page.clear(page);
    page.putLong(0, MAGIC);
    page.putInt(8, StoreLayout.FORMAT_VERSION);
    page.putInt(12, image.controls().size());
    Superblock.putUuid(page, 16, store.value());
    page.putLong(32, image.storeGeneration());
    page.putLong(40, image.sequence());
    page.putLong(48, image.payloadBytes());
    page.putInt(56, payloadChecksum);
    Page.seal(page);
    page.position(StoreLayout.PAGE_BYTES);
  }

  /** Writes what is in the buffer, filled up with zeros to a whole page. */
  private long flush(ByteBuffer transfer, long offset) throws IOException {
    while (transfer.position() % StoreLayout.PAGE_BYTES != 0) {
      transfer.put((byte) 0);
    }
    int length = transfer.position();
    if (length > 0) {
      disk.writeDurably(offset, transfer.flip());
    }
    transfer.clear();
    return offset + length;
  }

  /** So that what is there can't be taken for a checkpoint by a later start. */
  void invalidate(int area) throws IOException {
    disk.writeDurably(layout.controlArea(area).offset(), Page.allocate());
  }

  List<Content> readAll() {
    return List.of(read(0), read(1));
  }

  private Content read(int area) {
    Region region = layout.controlArea(area);
    try {
      ByteBuffer page = Page.allocate();
      disk.readDirect(region.offset(), page);
      if (Page.isZero(page)) {
        return new Content.Bad("it is empty", true);
      }
      if (page.getLong(0) != MAGIC
          || !Page.isSealed(page)
          || page.getInt(8) != StoreLayout.FORMAT_VERSION) {
        return new Content.Bad("its header is damaged", false);
      }
      if (!Superblock.uuid(page, 16).equals(store.value())) {
        return new Content.Bad("it belongs to another store", false);
      }
      return readPayload(region, page);
    } catch (IOException e) {
      return new Content.Bad("it can't be read: " + e.getMessage(), false);
    }
  }

  private Content readPayload(Region region, ByteBuffer header) throws IOException {
    long length = header.getLong(48);
    if (length < 0 || length > capacityBytes()) {
      return new Content.Bad("its payload is longer than the area", false);
    }
    ByteBuffer payload = ByteBuffer.allocate((int) length);
    ByteBuffer transfer = Disk.allocateAligned(TRANSFER_BYTES);
    long at = region.offset() + StoreLayout.PAGE_BYTES;
    while (payload.hasRemaining()) {
      transfer.clear().limit((int) Math.min(TRANSFER_BYTES, region.end() - at));
      disk.readDirect(at, transfer);
      at += transfer.position();
      transfer.flip();
      transfer.limit(Math.min(transfer.limit(), payload.remaining()));
      payload.put(transfer);
    }
    payload.flip();
    if (BlockChecksum.of(payload) != header.getInt(56)) {
      return new Content.Bad("its payload is damaged", false);
    }
    try {
      return new Content.Valid(
          new ControlImage(
              header.getLong(40),
              header.getLong(32),
              ControlImage.decode(payload, header.getInt(12))),
          length);
    } catch (IllegalArgumentException e) {
      return new Content.Bad("its payload can't be understood: " + e.getMessage(), false);
    }
  }

  /** Which area a start goes by. */
  record Chosen(int area, ControlImage image) {}

  /**
   * @param durableSequence the superblock's
   * @throws KurveException {@link ErrorCode#BAD_STORE} when there is none that may be used
   */
  Chosen choose(long durableSequence) {
    List<Content> contents = readAll();
    int newest = -1;
    long newestSequence = durableSequence - 1;
    StringBuilder reasons = new StringBuilder();
    for (int area = 0; area < AREAS; area++) {
      String why =
          switch (contents.get(area)) {
            case Content.Bad bad -> bad.why();
            case Content.Valid valid -> "it has checkpoint " + valid.image().sequence();
          };
      reasons.append(area == 0 ? "" : "; ").append("area ").append(area).append(": ").append(why);
      if (contents.get(area) instanceof Content.Valid(ControlImage image, _)
          && image.sequence() > newestSequence) {
        newest = area;
        newestSequence = image.sequence();
      }
    }
    if (newest < 0 || !(contents.get(newest) instanceof Content.Valid(ControlImage image, _))) {
      throw new KurveException(
          ErrorCode.BAD_STORE,
          disk.name() + ": checkpoint " + durableSequence + " is damaged (" + reasons + ")",
          KurveException.GO_ON_WITHOUT_IT);
    }
    return new Chosen(newest, image);
  }
}
