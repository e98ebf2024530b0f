package io.kurve.chunkserver.copyset;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A repair and an entry that writes the same block anew, at the same time. */
class RepairRaceTest {
  private static final int BLOCK = 3;
  private static final Duration DEADLINE = Duration.ofSeconds(10);

  private final Replica replica = new Replica(4);

  @BeforeEach
  void writeTheBlock() {
    replica.apply(Samples.grant(1, 10));
    write(1, 50);
  }

  private void write(long number, int value) {
    replica.apply(Samples.write(Samples.origin(10, number), Samples.chunk(101), BLOCK, 1, value));
  }

  private void assertHolds(int value) throws Exception {
    assertThat(replica.read(101, BLOCK, 1)).isEqualTo(Samples.filled(1, value).array());
  }

  /** Runs with the next write, which goes on when the other thread has ended or waits for it. */
  private <T> FutureTask<T> meanwhile(Callable<T> work) {
    FutureTask<T> other = new FutureTask<>(work);
    replica.store.beforeWrite =
        () -> {
          replica.store.beforeWrite = () -> {};
          Thread thread = Thread.ofPlatform().daemon().start(other);
          long end = System.nanoTime() + DEADLINE.toNanos();
          while (!other.isDone() && !waits(thread)) {
            assertThat(System.nanoTime()).isLessThan(end);
            Thread.onSpinWait();
          }
        };
    return other;
  }

  private static boolean waits(Thread thread) {
    return switch (thread.getState()) {
      case WAITING, TIMED_WAITING, BLOCKED, TERMINATED -> true;
      case NEW, RUNNABLE -> false;
    };
  }

  private static <T> T end(FutureTask<T> task) throws Exception {
    return task.get(DEADLINE.toSeconds(), TimeUnit.SECONDS);
  }

  @Test
  void rule16WhatPeersAgreeOnDoesNotOverwriteABlockThatIsBeingWritten() throws Exception {
    ByteBuffer agreed = Samples.filled(1, 50);
    long index = replica.machine.applied().index();
    FutureTask<Boolean> replacing =
        meanwhile(
            () -> replica.machine.blocks().replace(Samples.chunk(101), BLOCK, agreed, true, index));
    write(2, 60);
    assertThat(end(replacing)).isFalse();
    assertHolds(60);
  }

  @Test
  void rule16ABlockThatIsWrittenWhileItIsRepairedIsTheNewOne() throws Exception {
    replica.store.damage(replica.slot(101), BLOCK);
    FutureTask<Void> writing =
        meanwhile(() -> {
          write(2, 60);
          return null;
        });
    assertThat(replica.machine.blocks().repair(Samples.chunk(101), BLOCK, Samples.filled(1, 50)))
        .isTrue();
    end(writing);
    assertHolds(60);
  }

  @Test
  void rule16WhatPeersAgreeOnIsOverwrittenByAnEntryThatComesMeanwhile() throws Exception {
    replica.store.damageEntry(replica.slot(101), BLOCK);
    long index = replica.machine.applied().index();
    FutureTask<Void> writing =
        meanwhile(() -> {
          write(2, 60);
          return null;
        });
    ByteBuffer agreed = Samples.filled(1, 50);
    assertThat(replica.machine.blocks().replace(Samples.chunk(101), BLOCK, agreed, true, index))
        .isTrue();
    end(writing);
    assertHolds(60);
  }
}
