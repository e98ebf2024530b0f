package io.kurve.chunkserver.store;

import io.kurve.chunkserver.store.SlotStore.Slot;
import io.kurve.chunkserver.store.StoreFinding.Code;
import io.kurve.chunkserver.store.Superblock.Copy;
import io.kurve.core.disk.Disk;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.unit.Geometry;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;

/**
 * Verifies every checksum of a store that nobody has open: superblocks, control areas, and of each
 * slot in use the header, the table and all written blocks. Writes nothing.
 *
 * <p>After an unclean stop, blocks that are newer than the checkpoint may not fit their entries
 * until the WAL was replayed; the findings say so.
 */
public final class StoreChecker {
  private static final int MAX_FINDINGS = 1_000;
  private static final int BLOCKS_A_READ = 256;
  private static final String RESTART = "the next start of the chunkserver repairs it";
  private static final String REPAIR =
      "start the chunkserver: the block is repaired from another replica when it is read";
  private static final String REPLAY =
      "the store was not closed cleanly: start the chunkserver, which replays its log, stop it and"
          + " check again";

  private final Disk disk;
  private final StoreInspection inspection;
  private final StoreLayout layout;
  private final SlotHeaders headers;
  private final ChecksumTable table;
  private final List<StoreFinding> findings = new ArrayList<>();
  private final ByteBuffer target = ByteBuffer.allocateDirect(BLOCKS_A_READ * Geometry.BLOCK_BYTES);
  private final int[] checksums = new int[Geometry.BLOCKS_PER_CHUNK];
  private long findingsLeftOut;
  private long blocks;
  private long damagedBlocks;

  private StoreChecker(Disk disk, StoreInspection inspection) {
    this.disk = disk;
    this.inspection = inspection;
    layout = inspection.layout();
    StoreIdentity identity = inspection.identification().identity();
    headers = new SlotHeaders(disk, layout, identity.store());
    table = new ChecksumTable(disk, layout, identity.store());
  }

  /**
   * @throws KurveException {@link ErrorCode#BAD_STORE} when it is so damaged that it can't be used
   */
  public static StoreCheck check(Disk disk) {
    return new StoreChecker(disk, StoreInspector.inspect(disk)).check();
  }

  private StoreCheck check() {
    checkSuperblocks();
    checkControlAreas();
    inspection.slots().forEach(this::checkSlot);
    long slots = inspection.slots().size();
    long metadataBytes =
        2L * Page.BYTES
            + inspection.checkpoint().payloadBytes()
            + slots * (Page.BYTES + StoreLayout.CHECKSUM_BYTES_A_SLOT);
    return new StoreCheck(
        inspection,
        List.copyOf(findings),
        findingsLeftOut,
        new StoreCheck.Counts(
            slots,
            slots * Geometry.BLOCKS_PER_CHUNK,
            blocks,
            metadataBytes + blocks * Geometry.BLOCK_BYTES,
            damagedBlocks));
  }

  private void checkSuperblocks() {
    List<Copy> copies = Superblocks.read(disk);
    for (Copy copy : copies) {
      if (copy instanceof Copy.Bad(long offset, _, String why)) {
        add(Code.SUPERBLOCK_DAMAGED, "superblock at " + offset, why, RESTART);
      }
    }
    if (copies.get(0) instanceof Copy.Valid(_, Superblock first)
        && copies.get(1) instanceof Copy.Valid(_, Superblock second)
        && !first.equals(second)) {
      add(Code.SUPERBLOCKS_DIFFER, "superblocks", difference(first, second), RESTART);
    }
  }

  private static String difference(Superblock first, Superblock second) {
    if (first.sequence() != second.sequence()) {
      return "one has sequence %d and the other %d: a write was interrupted"
          .formatted(first.sequence(), second.sequence());
    }
    String what =
        first.identity().cluster().equals(second.identity().cluster())
            ? "contents"
            : "clusters: %s and %s"
                .formatted(first.identity().cluster(), second.identity().cluster());
    return "both have sequence %d and differ in their %s".formatted(first.sequence(), what);
  }

  private void checkControlAreas() {
    ControlAreas areas =
        new ControlAreas(disk, layout, inspection.identification().identity().store());
    List<ControlAreas.Content> contents = areas.readAll();
    int spare = 1 - inspection.checkpoint().area();
    // An empty area is what a start leaves of the older one.
    if (contents.get(spare) instanceof ControlAreas.Content.Bad(String why, boolean empty)
        && !empty) {
      add(
          Code.CONTROL_AREA_DAMAGED,
          "control area " + spare,
          why + "; checkpoint " + inspection.checkpoint().sequence() + " is whole",
          RESTART);
    }
  }

  private void checkSlot(Slot slot) {
    String name = "slot " + slot.number();
    Optional<String> problem = headers.problem(slot);
    problem.ifPresent(why -> add(Code.HEADER_DAMAGED, name, why, RESTART));
    byte[] kinds = table.read(slot, 0, Geometry.BLOCKS_PER_CHUNK, checksums).clone();
    BitSet present = new BitSet();
    for (int block = 0; block < kinds.length; block++) {
      if (kinds[block] == ChecksumTable.DAMAGED) {
        damagedBlocks++;
        add(
            Code.CHECKSUM_ENTRY_DAMAGED,
            name + " block " + block,
            "the checksum entry of block %d of %s of %s is not its own"
                .formatted(block, slot.address().chunk(), slot.address().volume()),
            blockCure());
      }
      present.set(block, kinds[block] == ChecksumTable.WRITTEN);
    }
    checkBlocks(slot, kinds, present);
  }

  private void checkBlocks(Slot slot, byte[] kinds, BitSet present) {
    int first = present.nextSetBit(0);
    while (first >= 0) {
      int end = Math.min(present.nextClearBit(first), first + BLOCKS_A_READ);
      byte[] some = Arrays.copyOfRange(kinds, first, end);
      int[] expected = Arrays.copyOfRange(checksums, first, end);
      int count = end - first;
      BitSet damaged =
          new BlockReader(disk, layout, slot, first, target.clear()).read(some, count, expected);
      blocks += count;
      for (int n = damaged.nextSetBit(0); n >= 0; n = damaged.nextSetBit(n + 1)) {
        damagedBlocks++;
        add(
            Code.BLOCK_DAMAGED,
            "slot " + slot.number() + " block " + (first + n),
            "block %d of %s of %s does not match its checksum or can't be read"
                .formatted(first + n, slot.address().chunk(), slot.address().volume()),
            blockCure());
      }
      first = present.nextSetBit(end);
    }
  }

  private String blockCure() {
    return inspection.closedCleanly() ? REPAIR : REPLAY;
  }

  private void add(Code code, String object, String text, String cure) {
    if (findings.size() < MAX_FINDINGS) {
      findings.add(new StoreFinding(code, object, text, cure));
    } else {
      findingsLeftOut++;
    }
  }
}
