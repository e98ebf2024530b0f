package io.kurve.chunkserver.store;

import static io.kurve.chunkserver.store.StoreFixture.COPYSET_A;
import static io.kurve.chunkserver.store.StoreFixture.COPYSET_B;
import static io.kurve.chunkserver.store.StoreFixture.blocks;
import static io.kurve.chunkserver.store.StoreFixture.chunk;
import static io.kurve.chunkserver.store.StoreFixture.control;
import static io.kurve.chunkserver.store.StoreFixture.formattedDisk;
import static io.kurve.chunkserver.store.StoreFixture.open;
import static io.kurve.chunkserver.store.StoreFixture.read;
import static io.kurve.chunkserver.store.StoreFixture.write;
import static io.kurve.chunkserver.store.StoreFixture.zeros;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kurve.chunkserver.store.SlotStore.CopysetControl;
import io.kurve.chunkserver.store.SlotStore.NoFreeSlot;
import io.kurve.chunkserver.store.SlotStore.Slot;
import io.kurve.core.checksum.BlockChecksum;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.ChunkserverId;
import io.kurve.core.metastore.Bytes;
import io.kurve.core.unit.Geometry;
import io.kurve.testkit.disk.VolatileDisk;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class ChunkStoreTest {
  private final VolatileDisk disk = formattedDisk(1);

  @Test
  void aNewSlotReadsAsZerosWhateverTheDiskHeld() throws Exception {
    ChunkStore store = open(disk);
    StoreLayout layout = store.layout();
    disk.write(layout.blockOffset(0, 5), blocks(666, 3));
    Slot slot = store.allocate(chunk(101), COPYSET_A);

    assertThat(slot.number()).isZero();
    assertThat(read(store, slot, 0, 16)).isEqualTo(zeros(16));
    assertThat(store.written(slot).isEmpty()).isTrue();
    int[] checksums = new int[2];
    assertThat(store.checksums(slot, 5, 2, checksums).isEmpty()).isTrue();
    assertThat(checksums).containsOnly(BlockChecksum.ZERO_BLOCK);
  }

  @Test
  void writesReadsAndErases() throws Exception {
    ChunkStore store = open(disk);
    Slot slot = store.allocate(chunk(101), COPYSET_A);
    write(store, slot, 10, blocks(1, 4));
    write(store, slot, 12, blocks(2, 1));
    write(store, slot, 4095, blocks(3, 1));
    store.erase(slot, 13, 1);

    ByteBuffer expected = zeros(8);
    expected.put(2 * StoreFixture.BLOCK, blocks(1, 2).array());
    expected.put(4 * StoreFixture.BLOCK, blocks(2, 1).array());
    assertThat(read(store, slot, 8, 8)).isEqualTo(expected);
    assertThat(read(store, slot, 4095, 1)).isEqualTo(blocks(3, 1));
    assertThat(store.written(slot).stream()).containsExactly(10, 11, 12, 4095);
  }

  @Test
  void readsIntoTheMiddleOfADirectBuffer() throws Exception {
    ChunkStore store = open(disk);
    Slot slot = store.allocate(chunk(101), COPYSET_A);
    write(store, slot, 0, blocks(1, 2));
    ByteBuffer target = ByteBuffer.allocateDirect(100 + 3 * StoreFixture.BLOCK).position(100);

    assertThat(store.read(slot, 1, 2, target, new int[2]).isEmpty()).isTrue();

    assertThat(target.position()).isEqualTo(100 + 2 * StoreFixture.BLOCK);
    assertThat(target.limit()).isEqualTo(target.capacity());
    assertThat(target.slice(100, StoreFixture.BLOCK))
        .isEqualTo(blocks(1, 2).position(StoreFixture.BLOCK));
    assertThat(target.slice(100 + StoreFixture.BLOCK, StoreFixture.BLOCK)).isEqualTo(zeros(1));
  }

  @Test
  void aCheckpointIsFoundByTheNextStart() throws Exception {
    ChunkStore store = open(disk);
    Slot slot = store.allocate(chunk(101), COPYSET_A);
    write(store, slot, 3, blocks(1, 1));
    CopysetControl a = control(COPYSET_A, 5, List.of(slot));
    CopysetControl b =
        new CopysetControl(
            COPYSET_B, a.at(), a.membership(), true, List.of(), Bytes.copyOf(new byte[20_000]));
    store.checkpoint(List.of(a, b), Set.of());
    disk.crash();
    disk.restart();

    ChunkStore next = open(disk);
    assertThat(next.generation().value()).isEqualTo(store.generation().value() + 1);
    assertThat(next.controls()).containsOnlyKeys(COPYSET_A, COPYSET_B);
    assertThat(next.controls()).containsEntry(COPYSET_A, a).containsEntry(COPYSET_B, b);
    assertThat(next.slotsUsed()).isEqualTo(1);
    assertThat(next.damagedHeaders()).isZero();
    assertThat(read(next, slot, 3, 1)).isEqualTo(blocks(1, 1));

    next.checkpoint(List.of(), Set.of(COPYSET_B));
    assertThat(open(disk).controls()).containsOnlyKeys(COPYSET_A).containsValue(a);
  }

  @Test
  void generationsOfSlotsNeverRepeat() throws Exception {
    List<Long> generations = new ArrayList<>();
    for (int start = 0; start < 3; start++) {
      ChunkStore store = open(disk);
      for (int n = 0; n < 3; n++) {
        Slot slot = store.allocate(chunk(101), COPYSET_A);
        generations.add(slot.generation());
        store.free(slot);
        store.checkpoint(List.of(), Set.of());
      }
    }
    assertThat(generations).doesNotHaveDuplicates().isSorted();
  }

  @Test
  void rule06AFreedSlotComesBackOnlyAfterACheckpointWithoutIt() throws Exception {
    ChunkStore store = open(disk);
    Slot slot = store.allocate(chunk(101), COPYSET_A);
    CopysetControl holding = control(COPYSET_A, 5, List.of(slot));
    store.checkpoint(List.of(holding), Set.of());

    store.free(slot);
    assertThat(store.slotsUsed()).isEqualTo(1);
    // Captured before the free, durable after it: the slot is still held.
    store.checkpoint(List.of(holding), Set.of());
    assertThat(store.slotsUsed()).isEqualTo(1);
    store.checkpoint(List.of(control(COPYSET_B, 1, List.of())), Set.of());
    assertThat(store.slotsUsed()).isEqualTo(1);
    assertThat(store.allocate(chunk(102), COPYSET_B).number()).isEqualTo(1);

    store.checkpoint(List.of(control(COPYSET_A, 6, List.of())), Set.of());
    assertThat(store.slotsUsed()).isEqualTo(1);
    Slot again = store.allocate(chunk(103), COPYSET_A);
    assertThat(again.number()).isEqualTo(slot.number());
    assertThat(again.generation()).isGreaterThan(slot.generation());
    assertThatThrownBy(() -> read(store, slot, 0, 1)).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void rule06AFreedSlotThatNoDurableCheckpointNamesIsFreeAtOnce() throws Exception {
    ChunkStore store = open(disk);
    Slot slot = store.allocate(chunk(101), COPYSET_A);
    store.checkpoint(List.of(control(COPYSET_A, 5, List.of(slot))), Set.of());
    store.checkpoint(List.of(control(COPYSET_A, 6, List.of())), Set.of());
    assertThat(store.slotsUsed()).isEqualTo(1);
    store.free(slot);
    assertThat(store.slotsUsed()).isZero();
    assertThatThrownBy(() -> read(store, slot, 0, 1)).isInstanceOf(IllegalStateException.class);
    assertThat(open(disk).slotsUsed()).isZero();
  }

  @Test
  void rule09NoFreeSlotIsSaidBeforeAnythingIsDone() throws Exception {
    ChunkStore store = open(disk);
    for (int n = 0; n < store.slotCount(); n++) {
      store.allocate(chunk(101 + n), COPYSET_A);
    }
    long mutations = disk.mutations();
    assertThatThrownBy(() -> store.allocate(chunk(200), COPYSET_A))
        .isInstanceOf(NoFreeSlot.class)
        .hasMessageContaining("all 4 slots are in use");
    assertThat(disk.mutations()).isEqualTo(mutations);
    assertThat(store.slotsUsed()).isEqualTo(store.slotCount());
  }

  @Test
  void refusesCallsThatCannotBeMeant() throws Exception {
    ChunkStore store = open(disk);
    Slot slot = store.allocate(chunk(101), COPYSET_A);
    Slot other = store.allocate(chunk(102), COPYSET_B);
    assertThatThrownBy(() -> write(store, slot, 4095, blocks(1, 2)))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> store.write(slot, 0, ByteBuffer.allocate(100), new int[1]))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> store.erase(slot, -1, 1)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(
            () -> store.checkpoint(List.of(control(COPYSET_A, 1, List.of(other))), Set.of()))
        .isInstanceOf(IllegalArgumentException.class);
    store.free(slot);
    assertThatThrownBy(() -> store.free(slot)).isInstanceOf(IllegalStateException.class);
    store.close();
    assertThatThrownBy(() -> store.erase(other, 0, 1)).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void aControlStateThatDoesNotFitChangesNothing() {
    ChunkStore store = open(disk);
    CopysetControl small = control(COPYSET_A, 1, List.of());
    store.checkpoint(List.of(small), Set.of());
    CopysetControl large =
        new CopysetControl(
            COPYSET_B,
            small.at(),
            small.membership(),
            false,
            List.of(),
            Bytes.copyOf(new byte[64 << 10]));
    assertThatThrownBy(() -> store.checkpoint(List.of(large), Set.of()))
        .isInstanceOfSatisfying(
            KurveException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.NO_SPACE));
    assertThat(store.controls()).containsOnlyKeys(COPYSET_A);
    assertThat(open(disk).controls()).containsOnlyKeys(COPYSET_A);
  }

  @Test
  void rule23TheStoreRemembersTheHighestOfEachNumber() {
    ChunkStore store = open(disk);
    assertThat(store.memory().chunkserver()).isEmpty();
    store.remember(ClusterMemory.EMPTY.withChunkserver(new ChunkserverId(3)));
    store.remember(new ClusterMemory(0, 5, 10, 20, 30));
    store.remember(new ClusterMemory(3, 4, 11, 19, 31));
    disk.crash();
    disk.restart();
    ChunkStore next = open(disk);
    assertThat(next.memory()).isEqualTo(new ClusterMemory(3, 5, 11, 20, 31));
    assertThatThrownBy(() -> next.remember(new ClusterMemory(4, 0, 0, 0, 0)))
        .isInstanceOfSatisfying(
            KurveException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.REFUSED));
  }

  @Test
  void geometryIsTheOneOfTheFormat() {
    StoreLayout layout = open(disk).layout();
    assertThat(layout.slotCount()).isEqualTo(4);
    assertThat(layout.slots().lengthBytes()).isEqualTo(4L * Geometry.CHUNK_BYTES);
    assertThat(open(disk).walRegion().lengthBytes()).isEqualTo(1 << 20);
  }
}
