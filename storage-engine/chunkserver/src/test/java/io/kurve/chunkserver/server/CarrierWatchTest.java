package io.kurve.chunkserver.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.kurve.testkit.failure.HaltingFaultHandler;
import java.lang.management.ManagementFactory;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import jdk.management.VirtualThreadSchedulerMXBean;
import org.junit.jupiter.api.Test;

final class CarrierWatchTest {
  private final VirtualThreadSchedulerMXBean scheduler =
      ManagementFactory.getPlatformMXBean(VirtualThreadSchedulerMXBean.class);

  @Test
  void oneRunsThoughMoreThanAllCarriersAreKept() throws Exception {
    int usual = scheduler.getParallelism();
    AtomicBoolean kept = new AtomicBoolean(true);
    CountDownLatch keeping = new CountDownLatch(usual);
    for (int n = 0; n < 2 * usual; n++) {
      // As a system call would: it never gives its carrier back by itself.
      var unused =
          Thread.ofVirtual()
              .start(() -> {
                keeping.countDown();
                while (kept.get()) {
                  Thread.onSpinWait();
                }
              });
    }
    try {
      assertThat(keeping.await(60, TimeUnit.SECONDS)).isTrue();
      CountDownLatch ran = new CountDownLatch(1);
      var unused = Thread.ofVirtual().start(ran::countDown);
      assertThat(ran.await(200, TimeUnit.MILLISECONDS)).isFalse();
      fillQueues();
      try (CarrierWatch _ =
          CarrierWatch.start(
              usual, usual + 16, scheduler::setParallelism, new HaltingFaultHandler())) {
        assertThat(ran.await(60, TimeUnit.SECONDS)).isTrue();
        assertThat(scheduler.getParallelism()).isGreaterThan(2 * usual);
      }
      assertThat(scheduler.getParallelism()).isEqualTo(usual);
    } finally {
      kept.set(false);
    }
  }

  /** The scheduler wakes nobody for work that comes to other work. */
  private static void fillQueues() throws InterruptedException {
    for (int n = 0; n < 64; n++) {
      // Each thread puts what it starts into one of the scheduler's queues.
      Thread.ofPlatform()
          .start(() -> {
            for (int work = 0; work < 2; work++) {
              var unused = Thread.ofVirtual().start(() -> {});
            }
          })
          .join();
    }
  }
}
