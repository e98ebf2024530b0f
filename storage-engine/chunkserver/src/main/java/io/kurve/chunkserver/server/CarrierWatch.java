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
 *      not run within 50 ms ──> twice as many carriers, up to the limit; asked again
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
  private static final int QUIET_ROUNDS = 100;

  /** How many threads a queue of the scheduler holds before it has to grow. */
  private static final int QUEUE = 64;

  /** So often in a row more and more threads are asked to run; what is asked waits in memory. */
  private static final int URGENT_ROUNDS = 7;

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
    int late = 0;
    try {
      while (!closed.await(BETWEEN.toMillis(), TimeUnit.MILLISECONDS)) {
        if (oneRuns(late == 0 || late > URGENT_ROUNDS ? 1 : QUEUE << (late - 1))) {
          quiet++;
          late = 0;
        } else {
          quiet = 0;
          late++;
          now = set(now, Math.max(now, Math.min(most, 2 * now)));
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
   * Asked by a new thread each time, because threads are spread over the scheduler's queues. The
   * scheduler starts a carrier only when work comes into a queue that was empty, or that has to
   * grow: where all queues hold work already, one thread more would start none.
   */
  private static boolean oneRuns(int askedFor) throws InterruptedException {
    CountDownLatch ran = new CountDownLatch(1);
    var unused =
        Thread.ofPlatform().name("carrier-question").daemon().start(() -> ask(askedFor, ran));
    return ran.await(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
  }

  private static void ask(int askedFor, CountDownLatch ran) {
    for (int asked = 0; asked < askedFor && ran.getCount() > 0; asked++) {
      var unused = Thread.ofVirtual().name("carrier-probe").start(ran::countDown);
    }
  }
}
