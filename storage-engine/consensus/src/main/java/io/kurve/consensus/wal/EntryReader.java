package io.kurve.consensus.wal;

import io.kurve.core.disk.Disk;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.CopysetKey;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;

/** Reads single entries straight from the disk, beside the writer and without its lock. */
final class EntryReader {
  private final Disk disk;
  private final SegmentLayout layout;

  EntryReader(Disk disk, SegmentLayout layout) {
    this.disk = disk;
    this.layout = layout;
  }

  /** Empty when the group has no such entry (any more). */
  Optional<LogRecord> read(GroupState group, long index) {
    Optional<GroupState.Located> place = group.locate(index);
    while (place.isPresent()) {
      Optional<LogRecord> found = readAt(group.group(), index, place.get());
      if (found.isPresent()) {
        return found;
      }
      // The entry may have been dropped, and its segment used anew, while it was read.
      Optional<GroupState.Located> now = group.locate(index);
      if (now.equals(place)) {
        throw damage(group.group(), index, place.get());
      }
      place = now;
    }
    return Optional.empty();
  }

  /** As {@link #read}; when the group has it no more, from the place where it was found before. */
  Optional<LogRecord> read(GroupState group, long index, Optional<GroupState.Located> found) {
    return read(group, index).or(() -> found.flatMap(place -> readAt(group.group(), index, place)));
  }

  private Optional<LogRecord> readAt(CopysetKey group, long index, GroupState.Located place) {
    long start = layout.diskOffset(place.address());
    long alignedStart = start / Disk.ALIGNMENT * Disk.ALIGNMENT;
    int ahead = (int) (start - alignedStart);
    int wanted = ahead + WalRecord.bytes(place.bodyBytes());
    int length = Math.ceilDiv(wanted, Disk.ALIGNMENT) * Disk.ALIGNMENT;
    ByteBuffer bytes = ByteBuffer.allocate(length);
    try {
      disk.readDirect(alignedStart, bytes);
    } catch (IOException e) {
      throw new KurveException(
          ErrorCode.BAD_STORE,
          group + ": entry " + index + " can't be read from " + disk.name(),
          "replace the disk if its errors go on",
          e);
    }
    WalRecord record;
    try {
      record = WalRecord.read(bytes.flip().position(ahead));
    } catch (WalRecord.MalformedFrame e) {
      return Optional.empty();
    }
    if (!record.isOf(group) || record.index() != index || record.term() != place.term()) {
      return Optional.empty();
    }
    return record
        .type()
        .entryKind()
        .map(kind -> new LogRecord(index, record.term(), kind, record.body()));
  }

  private KurveException damage(CopysetKey group, long index, GroupState.Located place) {
    return new KurveException(
        ErrorCode.BAD_STORE,
        group
            + ": entry "
            + index
            + " is damaged at offset "
            + layout.diskOffset(place.address())
            + " of "
            + disk.name(),
        KurveException.GO_ON_WITHOUT_IT);
  }
}
