package io.kurve.chunkserver.store;

import static io.kurve.chunkserver.store.StoreFixture.blocks;
import static io.kurve.chunkserver.store.StoreFixture.chunk;
import static io.kurve.chunkserver.store.StoreFixture.copyset;
import static io.kurve.chunkserver.store.StoreFixture.read;
import static io.kurve.chunkserver.store.StoreFixture.write;
import static org.assertj.core.api.Assertions.assertThat;

import io.kurve.chunkserver.store.SlotStore.NoFreeSlot;
import io.kurve.chunkserver.store.SlotStore.Slot;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

final class ChunkStoreThreadsTest {
  private static final int ROUNDS = 60;

  @Test
  @Timeout(60)
  void copysetsUseSlotsSideBySideWhileCheckpointsReleaseThem() throws Exception {
    ChunkStore store = StoreFixture.open(StoreFixture.formattedDisk(1));
    List<Future<Integer>> workers = new ArrayList<>();
    try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int worker = 1; worker <= 3; worker++) {
        int copyset = worker;
        workers.add(executor.submit(() -> work(store, copyset)));
      }
      for (Future<Integer> worker : workers) {
        assertThat(checkpointUntilDone(store, worker)).isEqualTo(ROUNDS);
      }
    }
    store.checkpoint(List.of(), Set.of());
    assertThat(store.slotsUsed()).isZero();
  }

  private static int checkpointUntilDone(ChunkStore store, Future<Integer> worker)
      throws InterruptedException, ExecutionException {
    while (true) {
      store.checkpoint(List.of(), Set.of());
      try {
        return worker.get(1, TimeUnit.MILLISECONDS);
      } catch (TimeoutException e) {
        assertThat(store.slotsUsed()).isLessThanOrEqualTo(store.slotCount());
      }
    }
  }

  /** Each round has a slot of its own, which shows nothing of its last owner. */
  @SuppressWarnings("ThreadPriorityCheck")
  private static int work(ChunkStore store, int copyset) {
    int rounds = 0;
    while (rounds < ROUNDS) {
      Slot slot;
      try {
        slot = store.allocate(chunk(100 * copyset + rounds), copyset(copyset));
      } catch (NoFreeSlot e) {
        Thread.yield();
        continue;
      }
      assertThat(store.written(slot).isEmpty()).isTrue();
      long mark = 1_000L * copyset + rounds;
      write(store, slot, rounds, blocks(mark, 4));
      assertThat(read(store, slot, rounds, 4)).isEqualTo(blocks(mark, 4));
      store.free(slot);
      rounds++;
    }
    return rounds;
  }
}
