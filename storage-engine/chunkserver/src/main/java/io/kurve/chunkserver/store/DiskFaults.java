package io.kurve.chunkserver.store;

import io.kurve.core.disk.Disk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;

/**
 * The failed writes of a disk, remembered on the disk itself: one page behind superblock A, past
 * the cache. A format begins anew.
 *
 * <pre>
 *    0  magic "KURVEFLT"         24  u32 bytes of the text
 *    8  u32 version, 1           28  the last error, UTF-8
 *   12  u32 failed writes      4092  u32 CRC32C of the 4092 bytes before
 *   16  the last one, ms since 1970
 * </pre>
 *
 * <p>It is written by a process that is about to end because of such a failure, and may be lost or
 * torn then: a page that can't be understood counts as no failure. Nothing rests on it but the
 * advice to replace the disk.
 *
 * @param failedWrites writes and syncs; each ended a process
 */
public record DiskFaults(int failedWrites, Instant lastAt, String last) {
  public static final DiskFaults NONE = new DiskFaults(0, Instant.EPOCH, "");

  private static final long OFFSET = Page.BYTES;
  private static final long MAGIC = 0x4b55525645464c54L;
  private static final int VERSION = 1;
  private static final int TEXT_OFFSET = 28;
  private static final int MAX_TEXT_BYTES = 1024;

  /** One more. */
  public DiskFaults plus(Instant at, String what) {
    return new DiskFaults(failedWrites + 1, Instant.ofEpochMilli(at.toEpochMilli()), what);
  }

  /** What the disk remembers. */
  public static DiskFaults load(Disk disk) {
    if (disk.sizeBytes() < OFFSET + Page.BYTES) {
      return NONE;
    }
    ByteBuffer page = Page.allocate();
    try {
      disk.readDirect(OFFSET, page);
    } catch (IOException e) {
      // Told by whoever needs the superblock beside it.
      return NONE;
    }
    int length = page.getInt(24);
    if (page.getLong(0) != MAGIC
        || !Page.isSealed(page)
        || page.getInt(8) != VERSION
        || length < 0
        || length > MAX_TEXT_BYTES) {
      return NONE;
    }
    byte[] text = new byte[length];
    page.get(TEXT_OFFSET, text);
    return new DiskFaults(
        page.getInt(12),
        Instant.ofEpochMilli(page.getLong(16)),
        new String(text, StandardCharsets.UTF_8));
  }

  /** Durable on return. */
  public void save(Disk disk) throws IOException {
    byte[] text = last.getBytes(StandardCharsets.UTF_8);
    byte[] kept = Arrays.copyOf(text, Math.min(text.length, MAX_TEXT_BYTES));
    ByteBuffer page = Page.allocate();
    page.putLong(0, MAGIC);
    page.putInt(8, VERSION);
    page.putInt(12, failedWrites);
    page.putLong(16, lastAt.toEpochMilli());
    page.putInt(24, kept.length);
    page.put(TEXT_OFFSET, kept);
    Page.seal(page);
    disk.writeDurably(OFFSET, page.clear());
  }
}
