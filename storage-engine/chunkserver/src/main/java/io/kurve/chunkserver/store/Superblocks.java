package io.kurve.chunkserver.store;

import io.kurve.chunkserver.store.Superblock.Copy;
import io.kurve.core.disk.Disk;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The two copies of the superblock on one disk. Each change writes both, one after the other and
 * past the cache, the older one first: at every moment one of them is whole.
 *
 * <p>One thread at a time may write.
 */
final class Superblocks {
  private static final Logger log = LoggerFactory.getLogger(Superblocks.class);

  private final Disk disk;

  /** Volatile for those who only look. */
  private volatile Superblock current;

  /** The copy that is older than current, or no copy at all: the next write begins here. */
  private long olderOffset;

  /** Damaged copies that the next write makes good. */
  private List<Copy.Bad> toRepair;

  private Superblocks(Disk disk, Superblock current, long olderOffset, List<Copy.Bad> toRepair) {
    this.disk = disk;
    this.current = current;
    this.olderOffset = olderOffset;
    this.toRepair = List.copyOf(toRepair);
  }

  /** For a new store; nothing is written yet. */
  static Superblocks of(Disk disk, Superblock first) {
    return new Superblocks(disk, first, 0, List.of());
  }

  /**
   * The newest copy; the other one is made good by the next {@link #write}.
   *
   * @throws KurveException {@link ErrorCode#BAD_STORE} when there is none, or it can't be used here
   */
  static Superblocks load(Disk disk) {
    List<Copy> copies = read(disk);
    Superblock newest = choose(disk, copies);
    if (newest.layout().totalBytes() > disk.sizeBytes()) {
      throw new KurveException(
          ErrorCode.BAD_STORE,
          disk.name()
              + " is truncated: the store "
              + newest.identity().store()
              + " has "
              + newest.layout().totalBytes()
              + " bytes and the disk "
              + disk.sizeBytes(),
          "give the disk or file its size back, or replace this disk");
    }
    List<Copy.Bad> toRepair = new ArrayList<>();
    long older = newest.layout().superblockBOffset();
    for (Copy copy : copies) {
      if (copy instanceof Copy.Bad bad) {
        toRepair.add(bad);
      }
      if (!(copy instanceof Copy.Valid valid)
          || valid.superblock().sequence() < newest.sequence()) {
        older = copy.offset();
      }
    }
    return new Superblocks(disk, newest, older, toRepair);
  }

  /** Both places as they are; never throws for what is in them. */
  static List<Copy> read(Disk disk) {
    if (disk.sizeBytes() < 2L * StoreLayout.PAGE_BYTES) {
      return List.of(new Copy.Bad(0, false, "the disk has " + disk.sizeBytes() + " bytes"));
    }
    Copy first = read(disk, 0);
    long secondOffset =
        first instanceof Copy.Valid valid
            ? valid.superblock().layout().superblockBOffset()
            : StoreLayout.superblockBOffset(disk.sizeBytes());
    return List.of(first, read(disk, secondOffset));
  }

  private static Copy read(Disk disk, long offset) {
    ByteBuffer page = Page.allocate();
    if (offset + StoreLayout.PAGE_BYTES > disk.sizeBytes()) {
      return new Copy.Bad(offset, false, "the disk ends before it");
    }
    try {
      disk.readDirect(offset, page);
    } catch (IOException e) {
      return new Copy.Bad(offset, false, "it can't be read: " + e.getMessage());
    }
    Copy copy = Superblock.decode(offset, page.clear());
    if (offset != 0
        && copy instanceof Copy.Valid valid
        && valid.superblock().layout().superblockBOffset() != offset) {
      return new Copy.Bad(offset, true, "it belongs to a store of another size");
    }
    return copy;
  }

  private static Superblock choose(Disk disk, List<Copy> copies) {
    for (Copy copy : copies) {
      if (copy instanceof Copy.Newer(_, int version)) {
        throw new KurveException(
            ErrorCode.BAD_STORE,
            disk.name()
                + " has format version "
                + version
                + " and this software knows versions up to "
                + StoreLayout.FORMAT_VERSION,
            "start it with the newer software that wrote it");
      }
    }
    List<Superblock> valid =
        copies.stream()
            .filter(Copy.Valid.class::isInstance)
            .map(copy -> ((Copy.Valid) copy).superblock())
            .toList();
    if (valid.stream().map(block -> block.identity().store()).distinct().count() > 1) {
      throw new KurveException(
          ErrorCode.BAD_STORE,
          disk.name()
              + ": its two superblocks belong to different stores, "
              + valid.get(0).identity().store()
              + " and "
              + valid.get(1).identity().store(),
          "the disk was partly overwritten by another store: replace it");
    }
    return valid.stream()
        .max(Comparator.comparingLong(Superblock::sequence))
        .orElseThrow(() -> notAStore(disk, copies));
  }

  private static KurveException notAStore(Disk disk, List<Copy> copies) {
    boolean wasStore =
        copies.stream().anyMatch(copy -> copy instanceof Copy.Bad bad && bad.hasMagic());
    String reasons =
        String.join(
            "; ",
            copies.stream()
                .map(copy -> copy instanceof Copy.Bad bad ? bad.offset() + ": " + bad.why() : "")
                .toList());
    return wasStore
        ? new KurveException(
            ErrorCode.BAD_STORE,
            disk.name() + ": both superblocks are damaged (" + reasons + ")",
            KurveException.GO_ON_WITHOUT_IT)
        : new KurveException(
            ErrorCode.BAD_STORE,
            disk.name() + " is not a Kurve store (" + reasons + ")",
            "check the path; a new disk must be formatted first");
  }

  Superblock current() {
    return current;
  }

  /** Durable on return; after an exception one whole copy is there, the old one or the new one. */
  void write(Superblock next) throws IOException {
    ByteBuffer page = Page.allocate();
    next.encode(page);
    long secondOffset = olderOffset == 0 ? next.layout().superblockBOffset() : 0;
    disk.writeDurably(olderOffset, page);
    disk.writeDurably(secondOffset, page.clear());
    current = next;
    olderOffset = 0;
    for (Copy.Bad bad : toRepair) {
      log.warn(
          "{}: the superblock copy at {} was damaged ({}) and is repaired from the other one",
          disk.name(),
          bad.offset(),
          bad.why());
    }
    toRepair = List.of();
  }

  /** Why this process is not the store's owner any more. */
  Optional<String> usurper() {
    boolean own = false;
    for (Copy copy : read(disk)) {
      switch (copy) {
        case Copy.Valid(_, Superblock found) -> {
          if (!found.isSameStart(current)) {
            return Optional.of(
                "it is store %s in generation %d now, not store %s in generation %d"
                    .formatted(
                        found.identity().store(),
                        found.generation(),
                        current.identity().store(),
                        current.generation()));
          }
          own = true;
        }
        case Copy.Newer(_, int version) -> {
          return Optional.of("its format version is " + version + " now");
        }
        case Copy.Bad _ -> {}
      }
    }
    return own ? Optional.empty() : Optional.of("both superblocks are gone");
  }
}
