package io.kurve.chunkserver.server;

import io.kurve.core.failure.FaultHandler;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.IntConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets virtual threads run while others wait in the disk.
 *
 * <pre>
 *   ten times a second:  a virtual thread is asked to run
 *      not run within 50 ms ──> two carriers more, up to the limit; asked again
 *      always in time for 10 s ──> as many as at first
 * </pre>
 *
 * <p>Replicas run on virtual threads (ADR 017), on as many carriers as there are cores. A write to
 * the disk keeps its carrier. A disk that does not answer, or a page cache over its limit, would
 * keep all of them: then nobody would notice that the disk hangs, and no call of the MDS would be
 * answered.
 */
final class CarrierWatch implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(CarrierWatch.class);

  private static final Duration BETWEEN = Duration.ofMillis(100);
  private static final Duration PATIENCE = Duration.ofMillis(50);
  private static final int MORE = 2;
  private static final int QUIET_ROUNDS = 100;

  private final int usual;
  private final int most;
  private final IntConsumer carriers;
  private final CountDownLatch closed = new CountDownLatch(1);
  private final Thread thread;

  private CarrierWatch(int usual, int most, IntConsumer carriers, FaultHandler faults) {
    this.usual = usual;
    this.most = most;
    this.carriers = carriers;
    this.thread =
        Thread.ofPlatform()
            .name("carrier-watch")
            .daemon()
            .uncaughtExceptionHandler((thread, cause) -> {
              throw faults.halt("the watch over carriers failed", cause);
            })
            .unstarted(this::watch);
  }

  /**
   * @param usual how many carriers there are now
   * @param most how many there may be
   * @param carriers sets how many there are
   */
  static CarrierWatch start(int usual, int most, IntConsumer carriers, FaultHandler faults) {
    CarrierWatch watch = new CarrierWatch(usual, most, carriers, faults);
    watch.thread.start();
    return watch;
  }

  /** As many as at first again. */
  @Override
  public void close() {
    closed.countDown();
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private void watch() {
    int now = usual;
    int quiet = 0;
    try {
      while (!closed.await(BETWEEN.toMillis(), TimeUnit.MILLISECONDS)) {
        if (oneRuns()) {
          quiet++;
        } else {
          quiet = 0;
          now = set(now, Math.min(most, now + MORE));
        }
        if (quiet >= QUIET_ROUNDS) {
          now = set(now, usual);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      set(now, usual);
    }
  }

  private int set(int now, int wanted) {
    if (wanted != now) {
      log.info("{} instead of {} carriers for virtual threads", wanted, now);
      carriers.accept(wanted);
    }
    return wanted;
  }

  /**
   * Asked by a new thread each time: the scheduler starts a carrier only when work comes into a
   * queue that was empty, and threads are spread over its queues.
   */
  private static boolean oneRuns() throws InterruptedException {
    CountDownLatch ran = new CountDownLatch(1);
    var unused =
        Thread.ofPlatform()
            .name("carrier-question")
            .daemon()
            .start(() -> Thread.ofVirtual().name("carrier-probe").start(ran::countDown));
    return ran.await(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
  }
}
