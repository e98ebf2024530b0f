package io.kurve.chunkserver.store;

import static io.kurve.chunkserver.store.StoreFixture.COPYSET_A;
import static io.kurve.chunkserver.store.StoreFixture.COPYSET_B;
import static io.kurve.chunkserver.store.StoreFixture.blocks;
import static io.kurve.chunkserver.store.StoreFixture.chunk;
import static io.kurve.chunkserver.store.StoreFixture.control;
import static io.kurve.chunkserver.store.StoreFixture.formattedDisk;
import static io.kurve.chunkserver.store.StoreFixture.open;
import static io.kurve.chunkserver.store.StoreFixture.write;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.kurve.chunkserver.store.SlotStore.Slot;
import io.kurve.chunkserver.store.StoreFinding.Code;
import io.kurve.core.disk.FileDisk;
import io.kurve.core.disk.Preallocation;
import io.kurve.core.id.ChunkserverId;
import io.kurve.core.unit.ByteSize;
import io.kurve.core.unit.Geometry;
import io.kurve.testkit.disk.VolatileDisk;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class StoreCheckerTest {
  private final VolatileDisk disk = formattedDisk(1);
  private final StoreLayout layout = open(disk).layout();

  @BeforeEach
  void fill() throws Exception {
    try (ChunkStore store = open(disk)) {
      store.remember(ClusterMemory.EMPTY.withChunkserver(new ChunkserverId(3)));
      Slot a = store.allocate(chunk(101), COPYSET_A);
      Slot b = store.allocate(chunk(102), COPYSET_B);
      write(store, a, 0, blocks(1, 300));
      write(store, b, 4000, blocks(2, 96));
      store.checkpoint(
          List.of(control(COPYSET_A, 5, List.of(a)), control(COPYSET_B, 6, List.of(b))), Set.of());
    }
  }

  @Test
  void inspectTellsWhatIsThere() {
    long mutations = disk.mutations();
    StoreInspection inspection = StoreInspector.inspect(disk);
    assertThat(inspection.identification().identity()).isEqualTo(StoreFixture.IDENTITY);
    assertThat(inspection.identification().generation()).isEqualTo(2);
    assertThat(inspection.identification().memory().chunkserver()).contains(new ChunkserverId(3));
    assertThat(inspection.layout()).isEqualTo(layout);
    assertThat(inspection.closedCleanly()).isTrue();
    assertThat(inspection.superblocks()).hasSize(2).allMatch(copy -> copy.sequence() > 0);
    assertThat(inspection.checkpoint().sequence()).isEqualTo(2);
    assertThat(inspection.checkpoint().copysets())
        .extracting(summary -> summary.at().index())
        .containsExactly(5L, 6L);
    assertThat(inspection.slots())
        .extracting(slot -> slot.address().chunk().value())
        .containsExactly(101L, 102L);
    assertThat(disk.mutations()).isEqualTo(mutations);
  }

  @Test
  void aSoundStoreIsFoundSound() {
    long mutations = disk.mutations();
    StoreCheck check = StoreChecker.check(disk);
    assertThat(check.findings()).isEmpty();
    assertThat(check.isSound()).isTrue();
    assertThat(check.counts().slotsChecked()).isEqualTo(2);
    assertThat(check.counts().blocksChecked()).isEqualTo(396);
    assertThat(check.counts().checksumEntriesChecked()).isEqualTo(2 * Geometry.BLOCKS_PER_CHUNK);
    assertThat(check.counts().bytesChecked()).isGreaterThan(396 * StoreFixture.BLOCK);
    assertThat(disk.mutations()).isEqualTo(mutations);
  }

  @Test
  void everyKindOfDamageIsFoundAndNamed() {
    int spare = 1 - StoreInspector.inspect(disk).checkpoint().area();
    disk.flipBit(layout.superblockBOffset() + 40, 1);
    disk.flipBit(layout.controlArea(spare).offset() + 3, 1);
    disk.flipBit(layout.headerOffset(1) + 70, 1);
    disk.flipBit(layout.checksumOffset(0, 2000), 1);
    disk.flipBit(layout.blockOffset(0, 299) + 4000, 1);
    disk.flipBit(layout.blockOffset(1, 4001), 7);
    disk.failReads(layout.blockOffset(1, 4003), 1);

    StoreCheck check = StoreChecker.check(disk);
    assertThat(check.findings())
        .extracting(StoreFinding::code, StoreFinding::object)
        .containsExactly(
            tuple(Code.SUPERBLOCK_DAMAGED, "superblock at " + layout.superblockBOffset()),
            tuple(Code.CONTROL_AREA_DAMAGED, "control area " + spare),
            tuple(Code.CHECKSUM_ENTRY_DAMAGED, "slot 0 block 2000"),
            tuple(Code.BLOCK_DAMAGED, "slot 0 block 299"),
            tuple(Code.HEADER_DAMAGED, "slot 1"),
            tuple(Code.BLOCK_DAMAGED, "slot 1 block 4001"),
            tuple(Code.BLOCK_DAMAGED, "slot 1 block 4003"));
    assertThat(check.findings()).allMatch(finding -> !finding.cure().isEmpty());
    assertThat(check.findings())
        .anyMatch(finding -> finding.text().contains("chunk-102 of volume-7"));
    assertThat(check.counts().damagedBlocks()).isEqualTo(4);
  }

  @Test
  void afterAnUncleanStopTheCureIsToReplayFirst() {
    ChunkStore store = open(disk);
    Slot slot = StoreInspector.inspect(disk).slots().getFirst();
    store.erase(slot, 0, 1);
    disk.flipBit(layout.blockOffset(0, 1), 1);
    StoreCheck check = StoreChecker.check(disk);
    assertThat(check.inspection().closedCleanly()).isFalse();
    assertThat(check.findings()).hasSize(1);
    assertThat(check.findings().getFirst().cure()).contains("replays its log");
  }

  @Test
  void manyFindingsAreCountedNotListed() {
    for (int block = 1_000; block < 2_200; block++) {
      disk.flipBit(layout.checksumOffset(1, block), 1);
    }
    StoreCheck check = StoreChecker.check(disk);
    assertThat(check.findings()).hasSize(1_000);
    assertThat(check.findingsLeftOut()).isEqualTo(200);
    assertThat(check.counts().damagedBlocks()).isEqualTo(1_200);
  }

  @Test
  void readsAFileWithoutOwningIt(@TempDir Path folder) throws Exception {
    Path file = folder.resolve("store");
    new Preallocation().createFile(file, new ByteSize(StoreFixture.DISK_BYTES));
    try (FileDisk owned = FileDisk.open(file)) {
      StoreFixture.format(owned, StoreFixture.request(FormatRequest.ExistingData.REFUSE));
    }
    file.toFile().setReadOnly();
    try (FileDisk first = FileDisk.openReadOnly(file)) {
      assertThat(StoreChecker.check(first).isSound()).isTrue();
      assertThat(StoreInspector.inspect(first).slots()).isEmpty();
    }
  }
}
