package io.kurve.chunkserver.store;

import static io.kurve.chunkserver.store.StoreFixture.COPYSET_A;
import static io.kurve.chunkserver.store.StoreFixture.COPYSET_B;
import static org.assertj.core.api.Assertions.assertThat;

import io.kurve.chunkserver.store.ReplayedChunks.Entry;
import io.kurve.chunkserver.store.SlotStore.NoFreeSlot;
import io.kurve.testkit.disk.PowerLoss;
import io.kurve.testkit.disk.VolatileDisk;
import io.kurve.testkit.time.SeededRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Power cuts at every operation, with a random subset of the unsynced sectors on the disk. */
final class ChunkStoreCrashTest {
  /** A scene that may be cut anywhere; what it appended to the logs must be there afterwards. */
  private static final class Scene {
    final ReplayedChunks a = new ReplayedChunks(COPYSET_A);
    final ReplayedChunks b = new ReplayedChunks(COPYSET_B);
    final VolatileDisk disk;

    Scene(long seed) {
      disk = StoreFixture.formattedDisk(seed);
    }

    /** A fills the store; each of its chunks is deleted while B takes the slots. */
    void play() throws NoFreeSlot {
      ChunkStore store = StoreFixture.open(disk);
      for (int n = 0; n < 4; n++) {
        append(store, a, new Entry.Write(101 + n, 8 * n, 3, 1 + n));
      }
      store.checkpoint(List.of(a.control(), b.control()), Set.of());
      append(store, a, new Entry.Write(103, 16, 2, 9));
      append(store, a, new Entry.Delete(101));
      append(store, a, new Entry.Delete(102));
      a.checkpoint(store);
      append(store, b, new Entry.Write(201, 2, 2, 21));
      append(store, a, new Entry.Erase(103, 17, 2));
      append(store, a, new Entry.Delete(104));
      b.checkpoint(store);
      append(store, b, new Entry.Write(202, 9, 1, 22));
      append(store, b, new Entry.Write(201, 3, 1, 23));
      a.checkpoint(store);
      append(store, b, new Entry.Write(203, 24, 3, 24));
      append(store, b, new Entry.Delete(202));
      store.close();
    }

    private static void append(SlotStore store, ReplayedChunks chunks, Entry entry)
        throws NoFreeSlot {
      chunks.append(entry);
      chunks.apply(store);
    }

    void recoverAndCheck() throws NoFreeSlot {
      disk.crash();
      disk.restart();
      ChunkStore store = StoreFixture.open(disk);
      // The order of the two logs is not the order in which they were written.
      b.recover(store);
      a.recover(store);
      a.assertEqualsModel(store);
      b.assertEqualsModel(store);
      assertThat(store.damagedHeaders()).isZero();
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void rule06BTakesTheSlotsOfADeletedChunkOfAUnderACrashAtEveryOperation(long seed)
      throws NoFreeSlot {
    Scene whole = new Scene(seed);
    long formatted = whole.disk.mutations();
    whole.play();
    long operations = whole.disk.mutations() - formatted;
    whole.recoverAndCheck();
    assertThat(operations).isGreaterThan(40);

    for (long cut = 1; cut <= operations; cut++) {
      Scene scene = new Scene(seed * 1_000 + cut);
      scene.disk.losePowerAt(cut);
      boolean died = false;
      try {
        scene.play();
      } catch (PowerLoss e) {
        died = true;
      }
      assertThat(died).as("cut %d", cut).isTrue();
      scene.recoverAndCheck();
    }
  }

  /** As rule 1 wants it: the disk has newer data than the control state, and the log mends it. */
  @Test
  void rule01DataNewerThanTheControlStateIsWrittenAgainByTheLog() throws NoFreeSlot {
    for (long seed = 1; seed <= 20; seed++) {
      VolatileDisk disk = StoreFixture.formattedDisk(seed);
      ReplayedChunks a = new ReplayedChunks(COPYSET_A);
      ChunkStore store = StoreFixture.open(disk);
      a.append(new Entry.Write(101, 0, 8, 1));
      a.apply(store);
      a.checkpoint(store);
      for (int n = 2; n < 10; n++) {
        a.append(new Entry.Write(101, n, 3, n));
      }
      a.append(new Entry.Erase(101, 5, 2));
      a.apply(store);
      disk.crash();
      disk.restart();

      ChunkStore next = StoreFixture.open(disk);
      assertThat(next.controls().values()).allMatch(control -> control.at().index() == 1);
      assertThat(next.controls()).hasSize(1);
      a.recover(next);
      a.assertEqualsModel(next);
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {11, 12, 13, 14, 15, 16, 17, 18})
  void equalsTheModelAfterCrashesAtRandomOperations(long seed) throws NoFreeSlot {
    SeededRandom random = new SeededRandom(seed);
    VolatileDisk disk = StoreFixture.formattedDisk(random.nextLong());
    List<ReplayedChunks> copysets = new ArrayList<>();
    copysets.add(new ReplayedChunks(COPYSET_A));
    copysets.add(new ReplayedChunks(COPYSET_B));
    long mark = 1;
    for (int life = 0; life < 6; life++) {
      ChunkStore store = StoreFixture.open(disk);
      disk.losePowerAt(1 + random.nextInt(120));
      try {
        for (ReplayedChunks copyset : copysets) {
          copyset.recover(store);
        }
        while (true) {
          step(store, copysets, random, mark++);
        }
      } catch (PowerLoss e) {
        disk.restart();
      }
      ChunkStore recovered = StoreFixture.open(disk);
      for (ReplayedChunks copyset : copysets) {
        copyset.recover(recovered);
      }
      for (ReplayedChunks copyset : copysets) {
        copyset.assertEqualsModel(recovered);
      }
    }
  }

  private static void step(
      ChunkStore store, List<ReplayedChunks> copysets, SeededRandom random, long mark)
      throws NoFreeSlot {
    int which = random.nextInt(2);
    ReplayedChunks copyset = copysets.get(which);
    long chunk = 100L * (which + 1) + random.nextInt(3);
    int firstBlock = random.nextInt(32);
    switch (random.nextInt(8)) {
      case 0 -> copyset.append(new Entry.Delete(chunk));
      case 1 -> copyset.append(new Entry.Erase(chunk, firstBlock, 1 + random.nextInt(20)));
      case 2 -> copyset.checkpoint(store);
      case 3 -> store.checkpoint(copysets.stream().map(ReplayedChunks::control).toList(), Set.of());
      default -> {
        if (copyset.holds(chunk) || store.slotsUsed() < store.slotCount()) {
          copyset.append(new Entry.Write(chunk, firstBlock, 1 + random.nextInt(20), mark));
        }
      }
    }
    copyset.apply(store);
  }
}
