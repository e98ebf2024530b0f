package io.kurve.core.disk;

/** A piece of a disk that one owner uses; aligned to {@link Disk#ALIGNMENT} at both ends. */
public record Region(long offset, long lengthBytes) {
  public Region {
    if (offset < 0
        || lengthBytes < 1
        || offset % Disk.ALIGNMENT != 0
        || lengthBytes % Disk.ALIGNMENT != 0
        || offset + lengthBytes < 0) {
      throw new IllegalArgumentException(
          "no region of " + lengthBytes + " bytes can be at " + offset);
    }
  }

  /** The first byte behind it. */
  public long end() {
    return offset + lengthBytes;
  }
}
