package io.kurve.consensus.wal;

import io.kurve.consensus.wal.FrameHeader.Kind;
import io.kurve.consensus.wal.RingWriter.Tail;
import io.kurve.core.disk.Disk;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.id.StoreId;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Reads a ring back and changes nothing on it.
 *
 * <pre>
 *   slots      | head 8 | head 9 | head 6 | head 7 |      the highest head is the current one
 *   current 9  | head | f | f | f | torn |                its last frame names the oldest, 7
 *   replay     7, 8, 9                                    7's head, then all frames, one chain
 * </pre>
 *
 * <p>One frame is written at a time, so only the very last one can be torn. The log ends at the
 * first bad frame of the current segment that has no good one of this lap after it, neither in the
 * segment nor in the slot that comes next; and that slot can be read, or was not begun in this lap.
 * Everything else that breaks the chain is damage.
 */
final class WalRecovery {
  private final Disk disk;
  private final WalConfig config;
  private final SegmentLayout layout;
  private final SegmentImage image;
  private final TreeSet<CopysetKey> groups = new TreeSet<>();

  WalRecovery(Disk disk, WalConfig config) {
    this.disk = disk;
    this.config = config;
    this.layout = SegmentLayout.of(config);
    this.image = new SegmentImage(disk, layout);
  }

  sealed interface Result {}

  /**
   * The log as it was.
   *
   * @param lastFrame the bytes of the last frame, which may not be on the platter yet
   */
  record Recovered(
      GroupTable table, Tail tail, FrameHeader last, ByteBuffer lastFrame, WalCheck.Size size)
      implements Result {}

  record Broken(WalOpening.Damaged damage) implements Result {}

  /**
   * @throws KurveException {@link ErrorCode#BAD_STORE} when this is no WAL of this store that this
   *     program can read
   */
  Result recover() {
    try {
      NavigableMap<Long, FrameHeader> heads = readHeads();
      long current = heads.lastKey();
      FrameHeader last = endOf(current);
      return replay(heads, last);
    } catch (DamageFound found) {
      return new Broken(
          new WalOpening.Damaged(
              found.offset,
              List.copyOf(groups),
              "the WAL of "
                  + disk.name()
                  + " is damaged at offset "
                  + found.offset
                  + ": "
                  + found.getMessage()));
    }
  }

  private NavigableMap<Long, FrameHeader> readHeads() {
    NavigableMap<Long, FrameHeader> heads = new TreeMap<>();
    @Nullable StoreId foreign = null;
    for (int slot = 0; slot < layout.segmentCount(); slot++) {
      image.loadHead(slot);
      Optional<FrameHeader> found = FrameHeader.read(image.bytes(), 0);
      if (found.isEmpty()) {
        continue;
      }
      FrameHeader head = found.get();
      if (!head.store().equals(config.store())) {
        foreign = head.store();
        continue;
      }
      checkReadable(head);
      if (head.kind() == Kind.HEAD && layout.slotOf(head.place().segment()) == slot) {
        heads.put(head.place().segment(), head);
        noteGroups(head);
      }
    }
    if (heads.isEmpty()) {
      throw new KurveException(
          ErrorCode.BAD_STORE,
          foreign == null
              ? disk.name() + " has no WAL of store " + config.store()
              : disk.name() + " has the WAL of store " + foreign + ", not of " + config.store(),
          "check that this is the right disk");
    }
    return heads;
  }

  private void checkReadable(FrameHeader head) {
    if (head.version() != FrameHeader.VERSION) {
      throw new KurveException(
          ErrorCode.BAD_STORE,
          "the WAL of "
              + disk.name()
              + " has format version "
              + head.version()
              + "; this program knows version "
              + FrameHeader.VERSION,
          "start the newer version of Kurve that wrote it");
    }
    if (head.place().segmentBytes() != layout.segmentBytes()
        || head.place().segments() != layout.segmentCount()) {
      throw new KurveException(
          ErrorCode.BAD_STORE,
          "the WAL of "
              + disk.name()
              + " was formatted with "
              + head.place().segments()
              + " segments of "
              + head.place().segmentBytes()
              + " bytes, not "
              + layout.segmentCount()
              + " of "
              + layout.segmentBytes(),
          "open it with the sizes that it was formatted with");
    }
  }

  /** The last frame of the log, which lies in this segment; damage when there are later ones. */
  private FrameHeader endOf(long segment) throws DamageFound {
    load(segment);
    FrameHeader last = null;
    int position = 0;
    while (true) {
      FrameHeader next = next(segment, position, last);
      if (next == null) {
        break;
      }
      noteGroups(next);
      last = next;
      position = next.nextPosition();
    }
    long badOffset = layout.diskOffset(segment, position);
    if (last == null) {
      throw new DamageFound(badOffset, "the head of segment " + segment + " is not readable");
    }
    refuseLater(segment, position, last, badOffset);
    image.load(layout.slotOf(segment + 1));
    refuseUnreadable(segment + 1);
    refuseLater(segment + 1, 0, last, badOffset);
    return last;
  }

  /** The log may go on in what can't be read, unless the slot is as an earlier lap left it. */
  private void refuseUnreadable(long segment) throws DamageFound {
    OptionalInt unreadable = image.unreadableAt();
    if (unreadable.isPresent() && (unreadable.getAsInt() == 0 || !isNotBegun(segment))) {
      throw new DamageFound(
          layout.diskOffset(segment, unreadable.getAsInt()),
          "the disk can't read it, and the log may go on there");
    }
  }

  /** By its head, which is the first that is written of a segment. */
  private boolean isNotBegun(long segment) {
    ByteBuffer firstBlock = image.bytes().slice(0, Disk.ALIGNMENT);
    return firstBlock.mismatch(ByteBuffer.allocate(Disk.ALIGNMENT)) < 0
        || FrameHeader.read(image.bytes(), 0)
            .filter(head -> isHere(head, segment - layout.segmentCount(), 0))
            .isPresent();
  }

  private void refuseLater(long segment, int from, FrameHeader last, long badOffset)
      throws DamageFound {
    for (int at = from; at < layout.segmentBytes(); at += Disk.ALIGNMENT) {
      FrameHeader later = FrameHeader.read(image.bytes(), at).orElse(null);
      if (later != null && isHere(later, segment, at) && later.lsn() > last.lsn()) {
        noteGroups(later);
        throw new DamageFound(
            badOffset,
            "the frame after lsn "
                + last.lsn()
                + " is bad, but lsn "
                + later.lsn()
                + " is there"
                + (later.order().syncedLsn() > last.lsn()
                    ? " and was written after its sync"
                    : ""));
      }
    }
  }

  private Result replay(NavigableMap<Long, FrameHeader> heads, FrameHeader end) throws DamageFound {
    long current = end.place().segment();
    long oldest = end.place().oldestSegment();
    GroupTable table = new GroupTable();
    @Nullable FrameHeader last = null;
    long frames = 0;
    long records = 0;
    for (long segment = oldest; segment <= current; segment++) {
      if (!heads.containsKey(segment)) {
        throw new DamageFound(
            layout.diskOffset(segment, 0), "the head of segment " + segment + " is gone");
      }
      load(segment);
      int position = 0;
      @Nullable FrameHeader next = next(segment, position, last);
      if (next == null && last != null) {
        throw new DamageFound(
            layout.diskOffset(last.place().segment(), last.nextPosition()),
            "segment " + segment + " does not continue the one before it");
      }
      while (next != null) {
        if (next.kind() == Kind.RECORDS || segment == oldest) {
          replay(table, next);
        }
        frames++;
        records += next.content().records();
        last = next;
        position = next.nextPosition();
        next = next(segment, position, last);
      }
    }
    if (last == null || last.lsn() != end.lsn()) {
      throw new DamageFound(
          layout.diskOffset(current, 0), "segment " + current + " reads differently each time");
    }
    refuseGaps(table, oldest);
    return new Recovered(
        table,
        Tail.after(last),
        last,
        copyOf(last),
        new WalCheck.Size(current - oldest + 1, frames, records));
  }

  private void replay(GroupTable table, FrameHeader frame) throws DamageFound {
    long segment = frame.place().segment();
    int position = frame.place().position();
    try {
      table.replay(records(frame), layout.address(segment, position + FrameHeader.BYTES));
    } catch (WalRecord.MalformedFrame e) {
      throw new DamageFound(layout.diskOffset(segment, position), String.valueOf(e.getMessage()));
    }
  }

  private void refuseGaps(GroupTable table, long oldest) throws DamageFound {
    for (GroupState group : table.groups().values()) {
      if (!group.isWhole()) {
        throw new DamageFound(
            layout.diskOffset(oldest, 0),
            group.group() + " lacks entries after " + group.cut().index());
      }
    }
  }

  /** Loads a segment that the log needs. */
  private void load(long segment) throws DamageFound {
    image.load(layout.slotOf(segment));
    if (image.unreadableAt().isPresent()) {
      throw new DamageFound(
          layout.diskOffset(segment, image.unreadableAt().getAsInt()), "the disk can't read it");
    }
  }

  /** The frame at this position of the loaded segment if it continues the log. */
  private @Nullable FrameHeader next(long segment, int position, @Nullable FrameHeader last) {
    FrameHeader frame = FrameHeader.read(image.bytes(), position).orElse(null);
    if (frame == null
        || !isHere(frame, segment, position)
        || (frame.kind() == Kind.HEAD) != (position == 0)) {
      return null;
    }
    if (last != null
        && (frame.lsn() != last.lsn() + 1
            || frame.chain().previousChecksum() != last.checksum()
            || frame.order().generation() < last.order().generation())) {
      return null;
    }
    return frame;
  }

  private boolean isHere(FrameHeader frame, long segment, int position) {
    return frame.store().equals(config.store())
        && frame.version() == FrameHeader.VERSION
        && frame.place().segment() == segment
        && frame.place().position() == position;
  }

  private ByteBuffer records(FrameHeader frame) {
    return image
        .bytes()
        .slice(frame.place().position() + FrameHeader.BYTES, frame.content().bytes());
  }

  private ByteBuffer copyOf(FrameHeader frame) {
    ByteBuffer copy = Disk.allocateAligned(frame.frameBytes());
    copy.put(image.bytes().slice(frame.place().position(), frame.frameBytes()));
    return copy.flip();
  }

  private void noteGroups(FrameHeader frame) {
    ByteBuffer rest = records(frame);
    try {
      while (rest.hasRemaining()) {
        WalRecord record = WalRecord.read(rest);
        if (record.copyset() != 0) {
          groups.add(record.group());
        }
      }
    } catch (WalRecord.MalformedFrame e) {
      // The replay of this frame reports it.
      return;
    }
  }

  private static final class DamageFound extends Exception {
    private static final long serialVersionUID = 1;

    private final long offset;

    DamageFound(long offset, String what) {
      super(what);
      this.offset = offset;
    }
  }
}
