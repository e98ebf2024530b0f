package io.kurve.chunkserver.store;

import static io.kurve.chunkserver.store.StoreFixture.BLOCK;
import static io.kurve.chunkserver.store.StoreFixture.COPYSET_A;
import static io.kurve.chunkserver.store.StoreFixture.COPYSET_B;
import static io.kurve.chunkserver.store.StoreFixture.blocks;
import static io.kurve.chunkserver.store.StoreFixture.chunk;
import static io.kurve.chunkserver.store.StoreFixture.control;
import static io.kurve.chunkserver.store.StoreFixture.formattedDisk;
import static io.kurve.chunkserver.store.StoreFixture.open;
import static io.kurve.chunkserver.store.StoreFixture.read;
import static io.kurve.chunkserver.store.StoreFixture.write;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kurve.chunkserver.store.SlotStore.Slot;
import io.kurve.core.checksum.BlockChecksum;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.unit.Geometry;
import io.kurve.testkit.disk.StallingDisk;
import io.kurve.testkit.disk.VolatileDisk;
import io.kurve.testkit.failure.HaltingFaultHandler;
import io.kurve.testkit.failure.HaltingFaultHandler.Halted;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Disks that fail, lie and rot; processes that share one. */
final class ChunkStoreFaultTest {
  private final VolatileDisk disk = formattedDisk(1);
  private final HaltingFaultHandler faults = new HaltingFaultHandler();

  private ChunkStore openWithFaults() {
    return ChunkStore.open(disk, StoreFixture.CLUSTER, faults);
  }

  @Test
  void aSlowSyncOfTheDataKeepsNoHeartbeatWaiting() throws Exception {
    StallingDisk slow = new StallingDisk(disk);
    ChunkStore store = ChunkStore.open(slow, StoreFixture.CLUSTER, faults);
    slow.stallSyncs();
    Thread checkpoint =
        Thread.startVirtualThread(
            () -> store.checkpoint(List.of(control(COPYSET_A, 1, List.of())), Set.of()));
    slow.awaitHanging();
    store.remember(new ClusterMemory(3, 4, 5, 6, 7));
    assertThat(store.memory().mdsTerm()).isEqualTo(4);
    slow.resume();
    checkpoint.join();
    assertThat(store.controls()).containsKey(COPYSET_A);
    assertThat(store.memory().mdsTerm()).isEqualTo(4);
    store.close();
  }

  @Test
  void rule02AFailedSyncHaltsAndIsNotTriedAgain() throws Exception {
    ChunkStore store = openWithFaults();
    Slot slot = store.allocate(chunk(101), COPYSET_A);
    store.checkpoint(List.of(control(COPYSET_A, 1, List.of(slot))), Set.of());
    write(store, slot, 0, blocks(1, 1));
    disk.failSync(1);

    assertThatThrownBy(
            () -> store.checkpoint(List.of(control(COPYSET_A, 2, List.of(slot))), Set.of()))
        .isInstanceOf(Halted.class)
        .hasMessageContaining("disk-0");
    // The disk says OK from now on, but the write is lost: nothing may be called durable.
    assertThatThrownBy(
            () -> store.checkpoint(List.of(control(COPYSET_A, 2, List.of(slot))), Set.of()))
        .isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> read(store, slot, 0, 1)).isInstanceOf(IllegalStateException.class);
    store.close();
    disk.crash();
    disk.restart();
    assertThat(open(disk).controls().get(COPYSET_A))
        .isEqualTo(control(COPYSET_A, 1, List.of(slot)));
  }

  @Test
  void rule02EachFailedWriteOfACheckpointHaltsAndTheOlderOneStays() {
    // Payload and header of the image, then both superblocks.
    for (int failing = 1; failing <= 4; failing++) {
      VolatileDisk victim = formattedDisk(failing);
      HaltingFaultHandler handler = new HaltingFaultHandler();
      ChunkStore store = ChunkStore.open(victim, StoreFixture.CLUSTER, handler);
      store.checkpoint(List.of(control(COPYSET_A, 1, List.of())), Set.of());
      victim.failDurableWrite(failing);
      assertThatThrownBy(
              () -> store.checkpoint(List.of(control(COPYSET_A, 2, List.of())), Set.of()))
          .as("durable write %d", failing)
          .isInstanceOf(Halted.class);
      assertThat(handler.isHalted()).isTrue();
      assertThat(open(victim).controls().get(COPYSET_A))
          .as("durable write %d", failing)
          .isEqualTo(control(COPYSET_A, failing <= 2 ? 1 : 2, List.of()));
    }
  }

  @Test
  void rule02AFailedSuperblockWriteAtTheStartHalts() {
    disk.failDurableWrite(2);
    assertThatThrownBy(this::openWithFaults).isInstanceOf(Halted.class);
    assertThat(open(disk).generation().value()).isEqualTo(1);
  }

  @Test
  void rule18AStoreThatAnotherProcessTookOverHalts() throws Exception {
    ChunkStore first = openWithFaults();
    Slot slot = first.allocate(chunk(101), COPYSET_A);
    ChunkStore second = open(disk);
    assertThat(second.generation().value()).isEqualTo(2);
    long mutations = disk.mutations();
    assertThatThrownBy(
            () -> first.checkpoint(List.of(control(COPYSET_A, 1, List.of(slot))), Set.of()))
        .isInstanceOf(Halted.class)
        .hasMessageContaining("taken over")
        .hasMessageContaining("generation 2");
    assertThat(disk.mutations()).isEqualTo(mutations);
    second.checkpoint(List.of(control(COPYSET_B, 1, List.of())), Set.of());
    assertThat(open(disk).controls()).containsOnlyKeys(COPYSET_B);
  }

  @Test
  void rule18AlsoBeforeTheStoreRemembersOrCloses() {
    ChunkStore first = openWithFaults();
    open(disk);
    assertThatThrownBy(() -> first.remember(new ClusterMemory(9, 0, 0, 0, 0)))
        .isInstanceOf(Halted.class);
    ChunkStore third = openWithFaults();
    open(disk);
    assertThatThrownBy(third::close).isInstanceOf(Halted.class);
    assertThat(open(disk).memory()).isEqualTo(ClusterMemory.EMPTY);
  }

  @Test
  void rule07ADamagedHeaderLosesNoChunk() throws Exception {
    ChunkStore store = open(disk);
    List<Slot> slots = new ArrayList<>();
    for (int n = 0; n < store.slotCount(); n++) {
      Slot slot = store.allocate(chunk(101 + n), COPYSET_A);
      write(store, slot, n, blocks(n, 2));
      slots.add(slot);
    }
    store.checkpoint(List.of(control(COPYSET_A, 1, slots)), Set.of());
    store.close();
    for (int n = 0; n < slots.size(); n++) {
      disk.flipBit(store.layout().headerOffset(n) + 17L * n, n);
      ChunkStore next = open(disk);
      assertThat(next.damagedHeaders()).isEqualTo(1);
      assertThat(next.slotsUsed()).isEqualTo(slots.size());
      for (int m = 0; m < slots.size(); m++) {
        assertThat(read(next, slots.get(m), m, 2)).isEqualTo(blocks(m, 2));
      }
      next.close();
      assertThat(open(disk).damagedHeaders()).isZero();
    }
  }

  @Test
  void rule07ADamagedTableEntryIsDamageAndNeverZeros() throws Exception {
    ChunkStore store = open(disk);
    Slot slot = store.allocate(chunk(101), COPYSET_A);
    write(store, slot, 0, blocks(1, 4));
    store.checkpoint(List.of(control(COPYSET_A, 1, List.of(slot))), Set.of());
    // Of two written blocks and of two that never were, in either half of the entry.
    for (int block : new int[] {1, 2, 100, 101}) {
      disk.flipBit(store.layout().checksumOffset(slot.number(), block) + block % 8, 3);
    }
    assertThat(damaged(store, slot, 0, 4)).isEqualTo(BitSet.valueOf(new long[] {0b0110}));
    assertThat(damaged(store, slot, 99, 4)).isEqualTo(BitSet.valueOf(new long[] {0b0110}));
    int[] checksums = new int[4];
    assertThat(store.checksums(slot, 0, 4, checksums))
        .isEqualTo(BitSet.valueOf(new long[] {0b0110}));
    assertThat(checksums[3]).isEqualTo(BlockChecksum.ofBlocks(blocks(1, 4))[3]);
    assertThat(store.written(slot).stream()).containsExactly(0, 1, 2, 3, 100, 101);
    write(store, slot, 1, blocks(5, 1));
    assertThat(read(store, slot, 0, 2).slice(BLOCK, BLOCK)).isEqualTo(blocks(5, 1));
  }

  @Test
  void rule06AnEntryOfZerosOrOfTheSlotsLastOwnerIsDamage() throws Exception {
    ChunkStore store = open(disk);
    Slot first = store.allocate(chunk(101), COPYSET_A);
    write(store, first, 0, blocks(1, 2));
    StoreLayout layout = store.layout();
    ByteBuffer old = ByteBuffer.allocate(StoreLayout.CHECKSUM_BYTES_A_SLOT);
    disk.read(layout.checksumOffset(first.number(), 0), old);
    store.free(first);
    store.checkpoint(List.of(), Set.of());
    Slot second = store.allocate(chunk(101), COPYSET_A);
    assertThat(second.number()).isEqualTo(first.number());

    disk.write(layout.checksumOffset(second.number(), 0), old.flip());
    assertThat(damaged(store, second, 0, 4).cardinality()).isEqualTo(4);
    disk.write(
        layout.checksumOffset(second.number(), 0),
        ByteBuffer.allocate(StoreLayout.CHECKSUM_BYTES_A_SLOT));
    assertThat(damaged(store, second, 0, Geometry.BLOCKS_PER_CHUNK).cardinality())
        .isEqualTo(Geometry.BLOCKS_PER_CHUNK);
  }

  @Test
  void aFlippedBitOrAnUnreadableSectorIsDamageOfThatBlock() throws Exception {
    ChunkStore store = open(disk);
    Slot slot = store.allocate(chunk(101), COPYSET_A);
    write(store, slot, 0, blocks(1, 8));
    disk.flipBit(store.layout().blockOffset(slot.number(), 2) + 100, 0);
    disk.failReads(store.layout().blockOffset(slot.number(), 5) + 512, 512);
    assertThat(damaged(store, slot, 0, 8)).isEqualTo(BitSet.valueOf(new long[] {0b100100}));
    assertThat(read(store, slot, 6, 2).slice(BLOCK, BLOCK))
        .isEqualTo(blocks(1, 8).slice(7 * BLOCK, BLOCK));

    disk.healReads();
    disk.failReads(store.layout().checksumOffset(slot.number(), 512), 8);
    assertThat(damaged(store, slot, 500, 1100)).isEqualTo(range(12, 12 + 512));
    assertThat(store.written(slot).cardinality()).isEqualTo(8 + 512);
  }

  @Test
  void aTornNewestCheckpointCostsNothingAndARottenOneIsFoundOut() {
    ChunkStore store = open(disk);
    store.checkpoint(List.of(control(COPYSET_A, 1, List.of())), Set.of());
    store.checkpoint(List.of(control(COPYSET_A, 2, List.of())), Set.of());
    VolatileDisk.Image before = disk.image();

    // Rot in the image that the superblock names: the older one would be wrong.
    for (int area = 0; area < ControlAreas.AREAS; area++) {
      disk.restore(before);
      disk.flipBit(store.layout().controlArea(area).offset() + Page.BYTES + 20, 1);
      if (area == 1) {
        assertThat(open(disk).controls().get(COPYSET_A))
            .isEqualTo(control(COPYSET_A, 2, List.of()));
      } else {
        assertThatThrownBy(() -> open(disk))
            .isInstanceOfSatisfying(
                KurveException.class,
                e -> {
                  assertThat(e.code()).isEqualTo(ErrorCode.BAD_STORE);
                  assertThat(e).hasMessageContaining("checkpoint 3 is damaged");
                });
      }
    }
  }

  @Test
  void aCheckpointThatWasPassedOverDoesNotComeBack() {
    ChunkStore store = open(disk);
    store.checkpoint(List.of(control(COPYSET_A, 1, List.of())), Set.of());
    // The image gets whole to the disk, the superblock that names it does not.
    disk.failDurableWrite(3);

    assertThatThrownBy(() -> store.checkpoint(List.of(control(COPYSET_A, 2, List.of())), Set.of()))
        .isInstanceOf(Halted.class);
    VolatileDisk.Image image = disk.image();
    assertThat(open(disk).controls().get(COPYSET_A)).isEqualTo(control(COPYSET_A, 2, List.of()));

    disk.restore(image);
    long unreadable = store.layout().controlArea(0).offset();
    disk.failReads(unreadable, 512);
    assertThat(open(disk).controls().get(COPYSET_A)).isEqualTo(control(COPYSET_A, 1, List.of()));
    disk.healReads();
    assertThat(open(disk).controls().get(COPYSET_A)).isEqualTo(control(COPYSET_A, 1, List.of()));
  }

  private static BitSet damaged(SlotStore store, Slot slot, int firstBlock, int count) {
    return store.read(slot, firstBlock, count, ByteBuffer.allocate(count * BLOCK), new int[count]);
  }

  private static BitSet range(int from, int to) {
    BitSet bits = new BitSet();
    bits.set(from, to);
    return bits;
  }
}
