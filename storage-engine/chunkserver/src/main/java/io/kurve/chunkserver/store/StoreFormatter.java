package io.kurve.chunkserver.store;

import io.kurve.chunkserver.store.FormatRequest.ExistingData;
import io.kurve.core.disk.Disk;
import io.kurve.core.disk.Region;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.unit.ByteSize;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Makes a store of a disk.
 *
 * <p>The superblocks go first and come last: a format that was cut off leaves no store. All
 * metadata and the WAL are written with zeros, so that no old byte can be taken for theirs; slots
 * are not touched, their old bytes are behind the block checksums.
 */
public final class StoreFormatter {
  private static final int ZEROS_BYTES = 4 << 20;

  private StoreFormatter() {}

  /**
   * @throws KurveException {@link ErrorCode#REFUSED} when the disk holds something and may not be
   *     overwritten; {@link ErrorCode#NO_SPACE} when it is too small. Nothing has been changed then
   */
  public static StoreLayout format(Disk disk, FormatRequest request) throws IOException {
    StoreLayout layout =
        StoreLayout.of(
            new ByteSize(disk.sizeBytes()), request.walBytes(), request.controlAreaBytes());
    if (request.existing() == ExistingData.REFUSE) {
      requireEmpty(disk);
    }
    // What others left in the cache must not reach the disk after what is written past it.
    disk.sync();
    ByteBuffer page = Page.allocate();
    disk.writeDurably(0, page);
    disk.writeDurably(layout.superblockBOffset(), page.clear());

    // Each region in the way in which it will be used: past the cache, or through it.
    writeZeros(disk, new Region(Page.BYTES, layout.headers().offset() - Page.BYTES), true);
    long metadataBytes = layout.checksums().end() - layout.headers().offset();
    writeZeros(disk, new Region(layout.headers().offset(), metadataBytes), false);
    disk.sync();

    ControlImage empty = new ControlImage(1, 0, new TreeMap<>());
    new ControlAreas(disk, layout, request.identity().store()).write(0, empty);
    Superblock first =
        new Superblock(
            request.identity(), layout, ClusterMemory.EMPTY, 0, 1, empty.sequence(), true);
    Superblocks.of(disk, first).write(first);
    return layout;
  }

  private static void requireEmpty(Disk disk) throws IOException {
    Optional<String> found = DiskContent.describe(disk);
    if (found.isPresent()) {
      throw new KurveException(
          ErrorCode.REFUSED,
          disk.name() + " is not empty: it holds " + found.get(),
          "check that it is the right disk; if all on it may be destroyed, confirm that");
    }
  }

  private static void writeZeros(Disk disk, Region region, boolean pastTheCache)
      throws IOException {
    ByteBuffer zeros = Disk.allocateAligned(ZEROS_BYTES);
    long at = region.offset();
    while (at < region.end()) {
      int length = (int) Math.min(ZEROS_BYTES, region.end() - at);
      zeros.clear().limit(length);
      if (pastTheCache) {
        disk.writeDurably(at, zeros);
      } else {
        disk.write(at, zeros);
      }
      at += length;
    }
  }
}
