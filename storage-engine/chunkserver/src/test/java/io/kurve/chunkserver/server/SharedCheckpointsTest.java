package io.kurve.chunkserver.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kurve.chunkserver.copyset.FakeSlotStore;
import io.kurve.chunkserver.store.SlotStore.CopysetControl;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.CopysetGeneration;
import io.kurve.core.id.CopysetId;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.log.LogPosition;
import io.kurve.core.log.Membership;
import io.kurve.core.metastore.Bytes;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class SharedCheckpointsTest {
  @Test
  void everyCallerFindsItsStateDurable() throws Exception {
    FakeSlotStore store = new FakeSlotStore(1);
    SharedCheckpoints shared = new SharedCheckpoints(store);
    CountDownLatch go = new CountDownLatch(1);
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<?>> all = new ArrayList<>();
      for (int id = 1; id <= 16; id++) {
        CopysetKey copyset = new CopysetKey(new CopysetId(id), new CopysetGeneration(1));
        all.add(
            threads.submit(() -> {
              go.await();
              for (int index = 1; index <= 50; index++) {
                CopysetControl control = control(copyset, index);
                shared.persist(control);
                assertThat(store.controls()).containsEntry(copyset, control);
              }
              return null;
            }));
      }
      go.countDown();
      for (Future<?> one : all) {
        assertThat(one.get()).isNull();
      }
    }
    assertThat(store.checkpoints()).isBetween(50, 800);
  }

  @Test
  void rule02ACheckpointThatFailsIsDurableForNobodyWhoSharesIt() throws Exception {
    CountDownLatch begun = new CountDownLatch(1);
    CountDownLatch refuse = new CountDownLatch(1);
    FakeSlotStore store = new FakeSlotStore(1);
    store.beforeCheckpoint =
        () -> {
          begun.countDown();
          try {
            assertThat(refuse.await(20, TimeUnit.SECONDS)).isTrue();
          } catch (InterruptedException e) {
            throw new AssertionError(e);
          }
          throw new KurveException(ErrorCode.NO_SPACE, "the control states do not fit", "move");
        };
    SharedCheckpoints shared = new SharedCheckpoints(store);
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<?>> all = new ArrayList<>();
      for (int id = 1; id <= 4; id++) {
        CopysetKey copyset = new CopysetKey(new CopysetId(id), new CopysetGeneration(1));
        all.add(
            threads.submit(() -> {
              shared.persist(control(copyset, 1));
              return null;
            }));
      }
      assertThat(begun.await(20, TimeUnit.SECONDS)).isTrue();
      refuse.countDown();
      for (Future<?> one : all) {
        assertThatThrownBy(one::get)
            .hasCauseInstanceOf(IOException.class)
            .hasMessageContaining("do not fit");
      }
    }
    assertThat(store.controls()).isEmpty();
  }

  private static CopysetControl control(CopysetKey copyset, long index) {
    return new CopysetControl(
        copyset,
        new LogPosition(1, index),
        Membership.ofVoters(List.of()),
        false,
        List.of(),
        Bytes.ofText("state " + index));
  }
}
