package io.kurve.consensus.wal;

import io.kurve.core.disk.Disk;
import io.kurve.core.id.StoreId;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.UUID;
import java.util.zip.CRC32C;

/**
 * The WAL's unit of atomicity on disk: either all records of a frame count or none.
 *
 * <pre>
 *  region   | segment slot 0 | segment slot 1 | ... | slot n-1 |   a ring of equal segments
 *  segment  | head | frame | frame | ... | last frame | older laps' bytes |
 *  frame    | header 96 | record | record | ... | zeros up to 4 KiB |
 *
 *  header (big endian)
 *   0 magic "KWAL"           4     48 oldest segment         8
 *   4 format version         4     56 synced lsn             8
 *   8 store UUID            16     64 position in segment    4
 *  24 lsn                    8     68 segment bytes          4
 *  32 generation of start    8     72 segments in the ring   4
 *  40 segment number         8     76 kind: 1 head, 2 records
 *                                  80 number of records      4
 *                                  84 bytes of records       4
 *                                  88 previous frame's checksum
 *                                  92 CRC32C of 0..91 and of the records
 * </pre>
 *
 * <p>Each field keeps something out. The <em>lsn</em> counts frames without a gap and the
 * <em>previous checksum</em> chains them, so that a frame of an older lap, of a lost tail or of
 * another place in the ring never continues the log; <em>generation</em> tells two frames apart
 * that were written at one lsn before and after a crash. <em>Segment number</em> and
 * <em>position</em> say where the frame belongs. <em>Oldest segment</em> is the first one that
 * still holds something needed; slots of older ones may be overwritten. <em>Synced lsn</em> says up
 * to where frames were durable when this one was written: a bad frame up to there is damage, never
 * a torn tail.
 *
 * <p>A <em>head</em> is the first frame of each segment. Its records are the whole control state of
 * all groups as of the frame before it, so that older segments are needed for their entries only.
 *
 * <p>The header's layout and the place of its checksum stay the same in all versions, so that an
 * older program can tell a newer format from damage.
 */
record FrameHeader(
    int version, StoreId store, Order order, Place place, Kind kind, Content content, Chain chain) {
  static final int BYTES = 96;
  static final int VERSION = 1;
  private static final int MAGIC = 0x4B57414C;
  private static final int CHECKSUM_AT = 92;

  /** When it was written. */
  record Order(long lsn, long generation, long syncedLsn) {}

  /** Where it was written, in which ring. */
  record Place(long segment, int position, long oldestSegment, int segmentBytes, int segments) {}

  record Content(int records, int bytes) {}

  record Chain(int previousChecksum, int checksum) {}

  enum Kind {
    HEAD,
    RECORDS
  }

  long lsn() {
    return order.lsn;
  }

  int checksum() {
    return chain.checksum;
  }

  /** With zeros up to the next block. */
  int frameBytes() {
    return frameBytes(content.bytes);
  }

  static int frameBytes(int recordBytes) {
    return Math.ceilDiv(BYTES + recordBytes, Disk.ALIGNMENT) * Disk.ALIGNMENT;
  }

  int nextPosition() {
    return place.position + frameBytes();
  }

  /**
   * Writes this header in front of the records that stand in the frame already.
   *
   * @param frame from the header's first byte on; position and limit don't move
   * @return this header with its checksum
   */
  FrameHeader seal(ByteBuffer frame) {
    int at = frame.position();
    frame.putInt(at, MAGIC).putInt(at + 4, version);
    frame.putLong(at + 8, store.value().getMostSignificantBits());
    frame.putLong(at + 16, store.value().getLeastSignificantBits());
    frame.putLong(at + 24, order.lsn).putLong(at + 32, order.generation);
    frame.putLong(at + 40, place.segment).putLong(at + 48, place.oldestSegment);
    frame.putLong(at + 56, order.syncedLsn).putInt(at + 64, place.position);
    frame.putInt(at + 68, place.segmentBytes).putInt(at + 72, place.segments);
    frame.putInt(at + 76, kind.ordinal() + 1).putInt(at + 80, content.records);
    frame.putInt(at + 84, content.bytes).putInt(at + 88, chain.previousChecksum);
    int checksum = checksum(frame, at, content.bytes);
    frame.putInt(at + CHECKSUM_AT, checksum);
    return new FrameHeader(
        version, store, order, place, kind, content, new Chain(chain.previousChecksum, checksum));
  }

  /** The header at this position when the whole frame is there with a right checksum. */
  static Optional<FrameHeader> read(ByteBuffer bytes, int at) {
    if (bytes.limit() - at < BYTES || bytes.getInt(at) != MAGIC) {
      return Optional.empty();
    }
    int kind = bytes.getInt(at + 76);
    int contentBytes = bytes.getInt(at + 84);
    if (contentBytes < 0 || contentBytes > bytes.limit() - at - BYTES || kind < 1 || kind > 2) {
      return Optional.empty();
    }
    int checksum = bytes.getInt(at + CHECKSUM_AT);
    if (checksum(bytes, at, contentBytes) != checksum) {
      return Optional.empty();
    }
    return Optional.of(
        new FrameHeader(
            bytes.getInt(at + 4),
            new StoreId(new UUID(bytes.getLong(at + 8), bytes.getLong(at + 16))),
            new Order(bytes.getLong(at + 24), bytes.getLong(at + 32), bytes.getLong(at + 56)),
            new Place(
                bytes.getLong(at + 40),
                bytes.getInt(at + 64),
                bytes.getLong(at + 48),
                bytes.getInt(at + 68),
                bytes.getInt(at + 72)),
            Kind.values()[kind - 1],
            new Content(bytes.getInt(at + 80), contentBytes),
            new Chain(bytes.getInt(at + 88), checksum)));
  }

  /** How many bytes to read from a frame's start to have all of it; 0 when none starts here. */
  static int bytesToRead(ByteBuffer firstBlock) {
    if (firstBlock.getInt(0) != MAGIC) {
      return 0;
    }
    int contentBytes = firstBlock.getInt(84);
    return contentBytes < 0 || contentBytes > Integer.MAX_VALUE - 2 * Disk.ALIGNMENT
        ? 0
        : frameBytes(contentBytes);
  }

  private static int checksum(ByteBuffer frame, int at, int contentBytes) {
    CRC32C crc = new CRC32C();
    crc.update(frame.duplicate().limit(at + CHECKSUM_AT).position(at));
    crc.update(frame.duplicate().limit(at + BYTES + contentBytes).position(at + BYTES));
    return (int) crc.getValue();
  }
}
