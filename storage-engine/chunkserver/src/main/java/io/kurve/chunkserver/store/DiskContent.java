package io.kurve.chunkserver.store;

import io.kurve.chunkserver.store.Superblock.Copy;
import io.kurve.core.disk.Disk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;

/** Finds out whose data a disk holds, from its first and last mebibyte. Reads only. */
final class DiskContent {
  static final int EDGE_BYTES = 1 << 20;

  private DiskContent() {}

  /** What is there, in words; empty when both edges are zeros. */
  static Optional<String> describe(Disk disk) throws IOException {
    for (Copy copy : Superblocks.read(disk)) {
      switch (copy) {
        case Copy.Valid(_, Superblock found) -> {
          return Optional.of(
              "the Kurve store "
                  + found.identity().store()
                  + " of cluster "
                  + found.identity().cluster());
        }
        case Copy.Newer(_, int version) -> {
          return Optional.of("a Kurve store of the newer format version " + version);
        }
        case Copy.Bad bad -> {
          if (bad.hasMagic()) {
            return Optional.of("a damaged Kurve store");
          }
        }
      }
    }
    int length = (int) Math.min(EDGE_BYTES, disk.sizeBytes());
    ByteBuffer start = ByteBuffer.allocate(length);
    ByteBuffer end = ByteBuffer.allocate(length);
    disk.read(0, start);
    disk.read(disk.sizeBytes() - length, end);
    Optional<String> signature = DiskSignature.find(disk.sizeBytes(), start.flip(), end.flip());
    if (signature.isPresent()) {
      return signature;
    }
    if (start.mismatch(ByteBuffer.allocate(length)) >= 0) {
      return Optional.of("unknown data at its start");
    }
    if (end.mismatch(ByteBuffer.allocate(length)) >= 0) {
      return Optional.of("unknown data at its end");
    }
    return Optional.empty();
  }
}
