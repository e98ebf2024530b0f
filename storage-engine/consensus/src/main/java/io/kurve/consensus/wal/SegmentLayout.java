package io.kurve.consensus.wal;

/**
 * Where segments lie. Segments are numbered from 0 for ever; number s lies in slot s modulo count.
 * An address names a byte of a segment for ever: {@code segment * segmentBytes + position}.
 */
record SegmentLayout(long regionOffset, int segmentBytes, int segmentCount) {
  static SegmentLayout of(WalConfig config) {
    return new SegmentLayout(
        config.region().offset(), config.segmentBytes(), config.segmentCount());
  }

  long address(long segment, int position) {
    return segment * segmentBytes + position;
  }

  long segmentOf(long address) {
    return address / segmentBytes;
  }

  int positionOf(long address) {
    return (int) (address % segmentBytes);
  }

  int slotOf(long segment) {
    return (int) (segment % segmentCount);
  }

  /** Where the slot begins on the disk. */
  long slotOffset(int slot) {
    return regionOffset + (long) slot * segmentBytes;
  }

  long diskOffset(long segment, int position) {
    return slotOffset(slotOf(segment)) + position;
  }

  long diskOffset(long address) {
    return diskOffset(segmentOf(address), positionOf(address));
  }
}
