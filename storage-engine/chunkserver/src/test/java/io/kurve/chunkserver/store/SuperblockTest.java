package io.kurve.chunkserver.store;

import static io.kurve.chunkserver.store.StoreFixture.COPYSET_A;
import static io.kurve.chunkserver.store.StoreFixture.control;
import static io.kurve.chunkserver.store.StoreFixture.formattedDisk;
import static io.kurve.chunkserver.store.StoreFixture.open;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.ClusterId;
import io.kurve.core.id.StoreId;
import io.kurve.testkit.disk.VolatileDisk;
import io.kurve.testkit.failure.HaltingFaultHandler;
import io.kurve.testkit.time.SeededRandom;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Set;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/** Stores that are damaged, cut off, foreign or from the future: one clear error, no change. */
final class SuperblockTest {
  private final VolatileDisk disk = formattedDisk(1);

  @Test
  void oneCorruptCopyIsRepairedFromTheOther() {
    ChunkStore store = open(disk);
    store.checkpoint(List.of(control(COPYSET_A, 1, List.of())), Set.of());
    for (long offset : new long[] {0, store.layout().superblockBOffset(), 0}) {
      long generation =
          ((Superblock.Copy.Valid) Superblocks.read(disk).get(0)).superblock().generation();
      disk.flipBit(offset + 60, 2);
      assertThat(Superblocks.read(disk)).hasAtLeastOneElementOfType(Superblock.Copy.Bad.class);
      ChunkStore next = open(disk);
      assertThat(next.generation().value()).isEqualTo(generation + 1);
      assertThat(next.controls()).containsOnlyKeys(COPYSET_A);
      assertThat(Superblocks.read(disk)).hasOnlyElementsOfType(Superblock.Copy.Valid.class);
    }
  }

  @Test
  void aCopyThatCantBeReadIsRepairedToo() {
    disk.failReads(0, 512);
    assertThat(open(disk).generation().value()).isEqualTo(1);
    disk.healReads();
    assertThat(open(disk).generation().value()).isEqualTo(2);
  }

  @Test
  void bothCorruptIsABadStore() {
    long copyB = open(disk).layout().superblockBOffset();
    disk.flipBit(300, 0);
    disk.flipBit(copyB + 8, 0);
    refused(() -> open(disk), ErrorCode.BAD_STORE, "both superblocks are damaged");
  }

  @Test
  void anEmptyDiskIsNoStore() {
    refused(() -> open(StoreFixture.emptyDisk(1)), ErrorCode.BAD_STORE, "is not a Kurve store");
    refused(
        () -> open(new VolatileDisk("tiny", 100, new SeededRandom(1))),
        ErrorCode.BAD_STORE,
        "is not a Kurve store");
  }

  @Test
  void aTruncatedDiskIsABadStoreThatNamesBothSizes() throws IOException {
    VolatileDisk shorter =
        new VolatileDisk("disk-1", StoreFixture.DISK_BYTES - (1 << 20), new SeededRandom(2));
    ByteBuffer page = ByteBuffer.allocate(Page.BYTES);
    disk.read(0, page);
    shorter.write(0, page.flip());
    shorter.sync();
    refused(
        () -> open(shorter),
        ErrorCode.BAD_STORE,
        "truncated",
        Long.toString(StoreFixture.DISK_BYTES),
        Long.toString(shorter.sizeBytes()));
  }

  @Test
  void aDiskThatHasGrownStillOpens() throws IOException {
    VolatileDisk longer =
        new VolatileDisk("disk-1", StoreFixture.DISK_BYTES + (9 << 20), new SeededRandom(2));
    ByteBuffer bytes = ByteBuffer.allocate(4 << 20);
    for (long at = 0; at < StoreFixture.DISK_BYTES; at += bytes.capacity()) {
      disk.read(at, bytes.clear());
      longer.write(at, bytes.flip());
    }
    longer.sync();
    assertThat(open(longer).layout().totalBytes()).isEqualTo(StoreFixture.DISK_BYTES);
  }

  @Test
  void aNewerVersionIsABadStoreThatNamesBothVersions() throws IOException {
    ByteBuffer page = ByteBuffer.allocate(Page.BYTES);
    disk.read(0, page);
    page.putInt(8, 2);
    Page.seal(page.clear());
    disk.write(0, page);
    disk.sync();
    refused(() -> open(disk), ErrorCode.BAD_STORE, "format version 2", "versions up to 1");
  }

  @Test
  void anotherClustersStoreIsRefusedNamingBoth() {
    ClusterId other = ClusterId.parse("d1d2d3d4-0000-4000-8000-000000000009");
    refused(
        () -> ChunkStore.open(disk, other, new HaltingFaultHandler()),
        ErrorCode.REFUSED,
        StoreFixture.CLUSTER.toString(),
        other.toString());
  }

  @Test
  void aSlotCountThatTheRegionsContradictIsABadStore() throws IOException {
    long copyB = open(disk).layout().superblockBOffset();
    for (long offset : new long[] {0, copyB}) {
      ByteBuffer page = ByteBuffer.allocate(Page.BYTES);
      disk.read(offset, page);
      page.putInt(92, 0xfffffff0);
      Page.seal(page.clear());
      disk.write(offset, page);
    }
    disk.sync();
    refused(() -> open(disk), ErrorCode.BAD_STORE, "4294967280 slots");
  }

  @Test
  void superblocksThatDifferInTheirClusterAreFoundByIt() throws IOException {
    long copyB = open(disk).layout().superblockBOffset();
    ByteBuffer page = ByteBuffer.allocate(Page.BYTES);
    disk.read(0, page);
    disk.write(copyB, page.clear());
    Superblock.putUuid(page, 16, new java.util.UUID(0, 0x77));
    Page.seal(page.clear());
    disk.write(copyB, page);
    disk.sync();
    assertThat(StoreChecker.check(disk).findings())
        .filteredOn(found -> found.code() == StoreFinding.Code.SUPERBLOCKS_DIFFER)
        .singleElement()
        .satisfies(found -> assertThat(found.text()).contains("clusters", "000000000077"));
  }

  @Test
  void twoStoresOnOneDiskAreABadStore() throws IOException {
    long copyB = open(disk).layout().superblockBOffset();
    ByteBuffer page = ByteBuffer.allocate(Page.BYTES);
    disk.read(copyB, page);
    Superblock.putUuid(page, 32, StoreId.parse("00000000-0000-4000-8000-000000000077").value());
    Page.seal(page.clear());
    disk.write(copyB, page);
    disk.sync();
    refused(() -> open(disk), ErrorCode.BAD_STORE, "different stores", "000000000077");
  }

  private void refused(ThrowingCallable call, ErrorCode code, String... words) {
    long mutations = disk.mutations();
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            KurveException.class,
            e -> {
              assertThat(e.code()).isEqualTo(code);
              assertThat(e.text()).contains(words);
              assertThat(e.cure()).isNotEmpty();
            });
    assertThat(disk.mutations()).isEqualTo(mutations);
  }
}
