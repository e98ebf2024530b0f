package io.kurve.consensus.wal;

import io.kurve.core.disk.Disk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.OptionalInt;

/** A whole segment as it is on the disk, past all caches; one buffer for one segment at a time. */
final class SegmentImage {
  private final Disk disk;
  private final SegmentLayout layout;
  private final ByteBuffer bytes;
  private int unreadableAt;

  SegmentImage(Disk disk, SegmentLayout layout) {
    this.disk = disk;
    this.layout = layout;
    this.bytes = Disk.allocateAligned(layout.segmentBytes());
  }

  ByteBuffer bytes() {
    return bytes;
  }

  /** The first block that the disk could not read; its bytes are zeros here. */
  OptionalInt unreadableAt() {
    return unreadableAt < 0 ? OptionalInt.empty() : OptionalInt.of(unreadableAt);
  }

  void load(int slot) {
    unreadableAt = -1;
    if (!read(slot, 0, layout.segmentBytes())) {
      for (int at = 0; at < layout.segmentBytes(); at += Disk.ALIGNMENT) {
        readBlock(slot, at);
      }
    }
    bytes.clear();
  }

  /** Loads the first frame only; what follows it is limited away. */
  void loadHead(int slot) {
    unreadableAt = -1;
    readBlock(slot, 0);
    bytes.clear();
    int length = Math.min(FrameHeader.bytesToRead(bytes), layout.segmentBytes());
    for (int at = Disk.ALIGNMENT; at < length; at += Disk.ALIGNMENT) {
      readBlock(slot, at);
    }
    bytes.limit(Math.max(length, Disk.ALIGNMENT)).position(0);
  }

  private void readBlock(int slot, int at) {
    if (!read(slot, at, Disk.ALIGNMENT)) {
      bytes.clear().put(at, new byte[Disk.ALIGNMENT]);
      if (unreadableAt < 0) {
        unreadableAt = at;
      }
    }
  }

  private boolean read(int slot, int at, int length) {
    bytes.limit(at + length).position(at);
    try {
      disk.readDirect(layout.slotOffset(slot) + at, bytes);
      return true;
    } catch (IOException unreadable) {
      // Which block it was is found by reading them one by one; the caller reports it.
      return false;
    }
  }
}
