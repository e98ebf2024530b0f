package io.kurve.consensus.wal;

import io.kurve.consensus.wal.FrameHeader.Kind;
import io.kurve.core.disk.Disk;
import io.kurve.core.id.StoreGeneration;
import io.kurve.core.id.StoreId;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * Writes frames at the end of the ring, one at a time, and lets the table replay each when it is
 * durable. No lock and no thread of its own: one caller at a time.
 *
 * <p>Each segment keeps its last block free for an empty frame that says, before the slot of an old
 * segment is overwritten, that nothing in it is needed any more.
 */
final class RingWriter {
  static final int RELEASE_BYTES = Disk.ALIGNMENT;
  private static final byte[] ZEROS = new byte[Disk.ALIGNMENT];

  private final Disk disk;
  private final SegmentLayout layout;
  private final StoreId store;
  private final StoreGeneration generation;
  private final int maxFrameBytes;
  private final GroupTable table;
  private ByteBuffer buffer;
  private Tail tail;

  RingWriter(Disk disk, WalConfig config, GroupTable table, Tail tail) {
    this.disk = disk;
    this.layout = SegmentLayout.of(config);
    this.store = config.store();
    this.generation = config.generation();
    this.maxFrameBytes = config.bounds().maxFrameBytes();
    this.table = table;
    this.tail = tail;
    this.buffer = Disk.allocateAligned(maxFrameBytes);
  }

  /**
   * The end of the log: what the next frame continues.
   *
   * @param durableOldest the first needed segment, as the last frame says it
   */
  record Tail(long segment, int position, long lsn, int checksum, long durableOldest) {
    /** What an empty log begins with. */
    static Tail beforeFirst() {
      return new Tail(0, 0, 0, 0, 0);
    }

    static Tail after(FrameHeader frame) {
      return new Tail(
          frame.place().segment(),
          frame.nextPosition(),
          frame.lsn(),
          frame.checksum(),
          frame.place().oldestSegment());
    }
  }

  Tail tail() {
    return tail;
  }

  /** How many bytes of records the next frame may have without leaving the segment. */
  int room() {
    int rest = layout.segmentBytes() - tail.position - RELEASE_BYTES;
    return Math.min(maxFrameBytes, rest) - FrameHeader.BYTES;
  }

  /** Begins the next segment when records of this length don't fit into this one. */
  void makeRoom(int recordBytes) throws IOException {
    if (recordBytes <= room()) {
      return;
    }
    long next = tail.segment + 1;
    long overwritten = next - layout.segmentCount();
    if (overwritten >= tail.durableOldest) {
      if (overwritten >= table.oldestSegment(layout, tail.segment)) {
        throw new IllegalStateException("the WAL on " + disk.name() + " was filled to the brim");
      }
      write(List.of());
    }
    tail = new Tail(next, 0, tail.lsn, tail.checksum, tail.durableOldest);
    writeHead();
  }

  /** Writes one frame with these records, which {@link #room} has room for. */
  void write(List<WalRecord> records) throws IOException {
    FrameHeader frame = writeFrame(Kind.RECORDS, records);
    table.replay(
        buffer.slice(FrameHeader.BYTES, frame.content().bytes()),
        layout.address(frame.place().segment(), frame.place().position() + FrameHeader.BYTES));
  }

  /** Writes the frame that a segment begins with. */
  void writeHead() throws IOException {
    FrameHeader head = writeFrame(Kind.HEAD, table.image());
    if (head.place().position() != 0) {
      throw new IllegalStateException("a head stands at a segment's start");
    }
  }

  private FrameHeader writeFrame(Kind kind, List<WalRecord> records) throws IOException {
    int recordBytes = bytesOf(records);
    int frameBytes = FrameHeader.frameBytes(recordBytes);
    if (frameBytes > buffer.capacity()) {
      buffer = Disk.allocateAligned(frameBytes);
    }
    buffer.clear().position(FrameHeader.BYTES);
    for (WalRecord record : records) {
      record.write(buffer);
    }
    buffer.put(ZEROS, 0, frameBytes - buffer.position());
    buffer.flip();
    FrameHeader frame =
        new FrameHeader(
                FrameHeader.VERSION,
                store,
                new FrameHeader.Order(tail.lsn + 1, generation.value(), tail.lsn),
                new FrameHeader.Place(
                    tail.segment,
                    tail.position,
                    table.oldestSegment(layout, tail.segment),
                    layout.segmentBytes(),
                    layout.segmentCount()),
                kind,
                new FrameHeader.Content(records.size(), recordBytes),
                new FrameHeader.Chain(tail.checksum, 0))
            .seal(buffer);
    disk.writeDurably(layout.diskOffset(tail.segment, tail.position), buffer);
    tail = Tail.after(frame);
    return frame;
  }

  static int bytesOf(List<WalRecord> records) {
    int bytes = 0;
    for (WalRecord record : records) {
      bytes = Math.addExact(bytes, record.bytes());
    }
    return bytes;
  }
}
