package io.kurve.consensus.jraft;

import com.alipay.sofa.jraft.util.NamedThreadFactory;
import com.alipay.sofa.jraft.util.ThreadPoolsFactory;
import java.util.Map;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * What jraft has once in a process, and reads from system properties when its classes load.
 *
 * <p>Its pools have no queue and reject what they can't take at once, inside jraft's own handlers;
 * so they get room for more threads than there will ever be.
 */
final class JraftProcess {
  private static final int MAXIMUM_THREADS = 4096;

  private static final Map<String, String> PROPERTIES =
      Map.of(
          "jraft.closure.threadpool.size.max", String.valueOf(MAXIMUM_THREADS),
          "jraft.internal.closure.threadpool.size.max", String.valueOf(MAXIMUM_THREADS),
          "jraft.rpc.closure.threadpool.size.max", String.valueOf(MAXIMUM_THREADS),
          // Each may wait for a log thread, so that elections of other groups need others.
          "jraft.timer.global_election_timer_workers", "4",
          "jraft.timer.global_vote_timer_workers", "1",
          "jraft.timer.global_step_down_timer_workers", "1",
          "jraft.timer.global_snapshot_timer_workers", "1",
          "jraft.timer.global_scheduler_workers", "2");

  private static final ThreadPoolExecutor CLOSURES = new Closures();

  private JraftProcess() {}

  /**
   * To be called before jraft's classes are used; an operator's own settings win, but for what is
   * safe.
   */
  static void prepare() {
    PROPERTIES.forEach((name, value) -> {
      if (System.getProperty(name) == null) {
        System.setProperty(name, value);
      }
    });
    // Its pools keep the largest buffers of each thread for ever: 260 MB after large writes. And
    // messages share these buffers, which must not be used again while one is still on its way.
    System.setProperty("jraft.recyclers.maxCapacityPerThread", "0");
  }

  static void prepare(String group) {
    try {
      ThreadPoolsFactory.registerThreadPool(group, CLOSURES);
    } catch (IllegalArgumentException opened) {
      // The group was open in this process before: jraft remembers its pool for ever.
    }
  }

  /**
   * jraft's hand-overs within a group. The thread that appends a leader's entries also sends them:
   * jraft would hand that to another thread for each follower, which costs more than the sending.
   * It holds the node's lock then, and takes a replicator's after it, as jraft does in other
   * places.
   *
   * <p>Only one deep: a replicator that finds still more to send is handed over, because jraft
   * notes what it waits for after that hand-over.
   */
  private static final class Closures extends ThreadPoolExecutor {
    private static final String APPENDING_THREAD = "JRaft-NodeImpl-Disruptor-";

    private final ThreadLocal<Boolean> inPlace = ThreadLocal.withInitial(() -> false);

    Closures() {
      super(
          1,
          MAXIMUM_THREADS,
          30,
          TimeUnit.SECONDS,
          new SynchronousQueue<>(),
          new NamedThreadFactory("raft-closure-", true));
    }

    @Override
    public void execute(Runnable task) {
      if (!Thread.currentThread().getName().startsWith(APPENDING_THREAD) || inPlace.get()) {
        super.execute(task);
        return;
      }
      inPlace.set(true);
      try {
        task.run();
      } finally {
        inPlace.set(false);
      }
    }
  }
}
