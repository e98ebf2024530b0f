package io.kurve.chunkserver.store;

import io.kurve.core.checksum.BlockChecksum;
import io.kurve.core.disk.Disk;
import java.nio.ByteBuffer;

/** 4 KiB of metadata; its last four bytes are the CRC32C of those before. */
final class Page {
  static final int BYTES = StoreLayout.PAGE_BYTES;
  private static final int CHECKSUM_OFFSET = BYTES - Integer.BYTES;

  private Page() {}

  static ByteBuffer allocate() {
    return Disk.allocateAligned(BYTES);
  }

  static void seal(ByteBuffer page) {
    page.putInt(CHECKSUM_OFFSET, BlockChecksum.of(page.slice(0, CHECKSUM_OFFSET)));
  }

  static boolean isSealed(ByteBuffer page) {
    return page.getInt(CHECKSUM_OFFSET) == BlockChecksum.of(page.slice(0, CHECKSUM_OFFSET));
  }

  static void clear(ByteBuffer page) {
    for (int at = 0; at < BYTES; at += Long.BYTES) {
      page.putLong(at, 0);
    }
  }

  static boolean isZero(ByteBuffer page) {
    for (int at = 0; at < BYTES; at += Long.BYTES) {
      if (page.getLong(at) != 0) {
        return false;
      }
    }
    return true;
  }
}
