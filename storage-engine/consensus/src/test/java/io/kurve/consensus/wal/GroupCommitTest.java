package io.kurve.consensus.wal;

import static io.kurve.consensus.wal.WalBench.append;
import static io.kurve.consensus.wal.WalBench.entry;
import static io.kurve.consensus.wal.WalBench.key;
import static io.kurve.consensus.wal.WalBench.vote;
import static org.assertj.core.api.Assertions.assertThat;

import io.kurve.consensus.wal.GroupLog.WalFull;
import io.kurve.core.log.LogPosition;
import io.kurve.testkit.disk.PowerLoss;
import io.kurve.testkit.disk.StallingDisk;
import io.kurve.testkit.disk.VolatileDisk;
import io.kurve.testkit.failure.HaltingFaultHandler.Halted;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLongArray;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class GroupCommitTest {
  private static final Duration DEADLINE = Duration.ofSeconds(20);

  private final List<Thread> threads = new ArrayList<>();
  private final Queue<Throwable> failures = new ConcurrentLinkedQueue<>();

  @AfterEach
  void joinAll() throws InterruptedException {
    for (Thread thread : threads) {
      assertThat(thread.join(DEADLINE)).as("%s ends", thread.getName()).isTrue();
    }
    assertThat(failures).isEmpty();
  }

  @Test
  void allThatCameDuringAWriteShareTheNext() throws Exception {
    StallingDisk disk = new StallingDisk(WalBench.volatileDisk(1));
    SharedWal wal = new WalBench(disk).open();
    List<GroupLog> logs = new ArrayList<>();
    for (int id = 1; id <= 6; id++) {
      logs.add(wal.open(key(id)));
    }
    append(logs.getFirst(), 1, 100);
    long writesBefore = disk.durableWrites();
    AtomicInteger answered = new AtomicInteger();

    disk.stall();
    start(() -> appendOne(logs.get(0), answered));
    disk.awaitHanging();
    for (GroupLog log : logs.subList(1, 5)) {
      start(() -> appendOne(log, answered));
    }
    start(() -> {
      logs.get(5).saveHardState(vote(1, 1));
      answered.incrementAndGet();
    });
    awaitParked(threads.subList(1, 6));

    // Readers go on while the disk hangs, and see only what is durable.
    assertThat(logs.getFirst().read(1)).contains(entry(key(1), 1, 1, 100));
    assertThat(logs.getFirst().durableIndex()).isEqualTo(1);
    assertThat(logs.get(1).lastIndex()).isZero();
    assertThat(wal.space().usedBytes()).isPositive();
    assertThat(answered).hasValue(0);

    disk.resume();
    joinAll();
    assertThat(answered).hasValue(6);
    assertThat(disk.durableWrites() - writesBefore).isEqualTo(2);
    assertThat(logs.get(4).lastIndex()).isEqualTo(1);
    assertThat(logs.get(5).hardState()).isEqualTo(vote(1, 1));
  }

  @Test
  void rule02NoWaiterOfAnyGroupIsAnsweredAfterAFailedWrite() throws Exception {
    VolatileDisk inner = WalBench.volatileDisk(2);
    StallingDisk disk = new StallingDisk(inner);
    WalBench bench = new WalBench(disk);
    SharedWal wal = bench.open();
    List<GroupLog> logs = List.of(wal.open(key(1)), wal.open(key(2)), wal.open(key(3)));
    AtomicInteger answered = new AtomicInteger();
    AtomicInteger halted = new AtomicInteger();
    inner.failDurableWrite(1);
    disk.stall();
    for (GroupLog log : logs) {
      start(() -> {
        try {
          appendOne(log, answered);
        } catch (Halted expected) {
          halted.incrementAndGet();
        }
      });
      if (threads.size() == 1) {
        disk.awaitHanging();
      }
    }
    awaitParked(threads.subList(1, 3));
    disk.resume();
    joinAll();
    assertThat(answered).hasValue(0);
    assertThat(halted).hasValue(3);
    assertThat(bench.faults().halts().getFirst()).hasMessageContaining("can't be written");
  }

  @Test
  void longAppendsOfManyThreadsPassTheLeadOn() throws Exception {
    SharedWal wal = new WalBench(WalBench.volatileDisk(4)).open();
    for (int id = 1; id <= 4; id++) {
      GroupLog log = wal.open(key(id));
      start(() -> {
        for (int round = 0; round < 20; round++) {
          appendOrCut(log, 14, 5000);
        }
      });
    }
    joinAll();
    assertThat(wal.groups()).hasSize(4);
  }

  @Test
  void anInterruptedCallerStillLearnsTheEnd() throws Exception {
    StallingDisk disk = new StallingDisk(WalBench.volatileDisk(3));
    SharedWal wal = new WalBench(disk).open();
    List<GroupLog> logs = List.of(wal.open(key(1)), wal.open(key(2)));
    AtomicInteger answered = new AtomicInteger();
    AtomicInteger stillInterrupted = new AtomicInteger();
    disk.stall();
    start(() -> appendOne(logs.get(0), answered));
    disk.awaitHanging();
    start(() -> {
      appendOne(logs.get(1), answered);
      if (Thread.interrupted()) {
        stillInterrupted.incrementAndGet();
      }
    });
    awaitParked(threads.subList(1, 2));
    threads.get(1).interrupt();
    disk.resume();
    joinAll();
    assertThat(answered).hasValue(2);
    assertThat(stillInterrupted).hasValue(1);
  }

  @Test
  void whatWasAcknowledgedToManyThreadsSurvivesPowerLoss() throws Exception {
    for (int seed = 0; seed < 15; seed++) {
      VolatileDisk disk = WalBench.volatileDisk(seed);
      WalBench bench = new WalBench(disk);
      SharedWal wal = bench.open();
      int groups = 6;
      AtomicLongArray acknowledged = new AtomicLongArray(groups);
      for (int i = 0; i < groups; i++) {
        int group = i;
        GroupLog log = wal.open(key(group + 1));
        start(() -> appendUntilPowerLoss(log, acknowledged, group));
      }
      disk.losePowerAt(100 + seed);
      joinAll();
      threads.clear();
      assertThat(bench.faults().halts())
          .allSatisfy(halt -> assertThat(halt).hasMessageContaining("failed before"));
      disk.restart();
      SharedWal recovered = bench.open();
      for (int group = 0; group < groups; group++) {
        GroupLog log = recovered.group(key(group + 1)).orElseThrow();
        assertThat(log.lastIndex()).isGreaterThanOrEqualTo(acknowledged.get(group));
        for (long index = log.firstIndex(); index <= log.lastIndex(); index++) {
          assertThat(log.read(index)).contains(entry(key(group + 1), 1, index, 500));
        }
      }
    }
  }

  private static void appendUntilPowerLoss(GroupLog log, AtomicLongArray acknowledged, int group) {
    try {
      while (true) {
        appendOrCut(log, 1, 500);
        acknowledged.set(group, log.lastIndex());
        if (log.lastIndex() % 10 == 0) {
          log.truncatePrefix(new LogPosition(1, log.lastIndex() - 3));
        }
      }
    } catch (PowerLoss | Halted end) {
      // The thread that wrote sees the power go, the others that nobody will answer.
      return;
    }
  }

  @SuppressWarnings("ThreadPriorityCheck")
  private static void appendOrCut(GroupLog log, int count, int bytes) {
    try {
      append(log, count, bytes);
    } catch (WalFull full) {
      log.truncatePrefix(new LogPosition(1, log.lastIndex()));
      Thread.yield();
    }
  }

  private static void appendOne(GroupLog log, AtomicInteger answered) {
    try {
      append(log, 1, 100);
    } catch (WalFull e) {
      throw new AssertionError(e);
    }
    answered.incrementAndGet();
  }

  private void start(Runnable task) {
    threads.add(
        Thread.ofPlatform()
            .name("caller-" + threads.size())
            .uncaughtExceptionHandler((thread, failure) -> failures.add(failure))
            .start(task));
  }

  private static void awaitParked(List<Thread> waiting) {
    long end = System.nanoTime() + DEADLINE.toNanos();
    while (!waiting.stream().allMatch(t -> t.getState() == Thread.State.TIMED_WAITING)) {
      assertThat(System.nanoTime()).as("callers wait").isLessThan(end);
      Thread.onSpinWait();
    }
  }
}
