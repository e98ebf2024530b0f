package io.kurve.chunkserver.service;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kurve.chunkserver.copyset.Command;
import io.kurve.chunkserver.copyset.Command.Discard;
import io.kurve.chunkserver.copyset.CommandCodec;
import io.kurve.chunkserver.copyset.CommandReply;
import io.kurve.chunkserver.copyset.CopysetStateMachine;
import io.kurve.chunkserver.copyset.Samples;
import io.kurve.chunkserver.store.SlotStore.NoFreeSlot;
import io.kurve.core.id.CopysetGeneration;
import io.kurve.core.id.CopysetId;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.log.LogPosition;
import io.kurve.core.unit.Geometry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Two copysets on one full disk. */
class SpaceReliefTest {
  private static final CopysetKey OTHER =
      new CopysetKey(new CopysetId(8), new CopysetGeneration(1));

  private static final Duration DEADLINE = Duration.ofSeconds(30);

  private final ServiceWorld world = new ServiceWorld();

  private static CommandReply apply(CopysetStateMachine machine, Command command) {
    return machine.apply(
        new LogPosition(1, machine.applied().index() + 1), CommandCodec.encode(command));
  }

  private final CopysetStateMachine needy = world.replica.machine();
  private final CopysetStateMachine other =
      world.copysets.open(OTHER, ServiceWorld.MEMBERS).orElseThrow().machine();

  /** All slots are the other copyset's, one of them dropped since its last checkpoint. */
  @BeforeEach
  void fill() throws Exception {
    apply(needy, Samples.grant(1, 10));
    apply(other, Samples.grant(1, 10));
    other.advance(new LogPosition(1, other.applied().index() + 1), ServiceWorld.MEMBERS);
    int slots = world.store.slotCount();
    for (int n = 1; n <= slots; n++) {
      apply(other, Samples.write(Samples.origin(10, n), Samples.chunk(100 + n), 0, 1, n));
    }
    other.capture(ServiceWorld.MEMBERS).persist();
    apply(
        other,
        new Discard(
            Samples.origin(10, slots + 1), Samples.chunk(101), 0, Geometry.BLOCKS_PER_CHUNK));
    assertThat(world.store.slotsUsed()).isEqualTo(slots);
  }

  private void assertGetsSlot() {
    assertThat(apply(needy, Samples.write(Samples.origin(10, 1), Samples.chunk(500), 0, 1, 5)))
        .isEqualTo(new CommandReply.Done());
    assertThat(other.hasDroppedSlots()).isFalse();
  }

  @Test
  void rule09ACommittedWriteGetsASlotThatAnotherCopysetHasDropped() {
    assertGetsSlot();
  }

  /** A checkpoint of the other copyset that is not done before it is let go. */
  private FutureTask<CompletionStage<LogPosition>> heldCheckpoint(CountDownLatch letGo)
      throws Exception {
    CountDownLatch held = new CountDownLatch(1);
    world.beforePersist =
        () -> {
          held.countDown();
          awaitUninterrupted(letGo);
        };
    FutureTask<CompletionStage<LogPosition>> checkpoint =
        new FutureTask<>(world.logs.log(OTHER)::checkpoint);
    Thread.ofVirtual().start(checkpoint);
    awaitUninterrupted(held);
    world.beforePersist = () -> {};
    return checkpoint;
  }

  /** As when it drops slots while the others of the disk take those that it gave back. */
  @Test
  void aWriteDoesNotGiveUpEarlierBecauseCheckpointsThatDoNotHelpAreThereAtOnce() {
    int[] number = {world.store.slotCount() + 1};
    world.beforePersist =
        () -> {
          if (number[0] > world.store.slotCount() + 1) {
            apply(
                other, Samples.write(Samples.origin(10, ++number[0]), Samples.chunk(101), 0, 1, 5));
            discard(++number[0], 101);
          } else {
            discard(++number[0], 102);
          }
        };
    Duration[] waited = {Duration.ZERO};
    SlotRelief relief =
        new SlotRelief(
            world.copysets::all,
            (end, atMost) -> {
              if (!end.toCompletableFuture().isDone()) {
                waited[0] = waited[0].plus(atMost);
              }
            });

    assertThatThrownBy(() ->
            relief.releaseDropped(
                Samples.COPYSET,
                () -> {
                  throw new NoFreeSlot("none for this one");
                }))
        .isInstanceOf(NoFreeSlot.class);
    assertThat(waited[0]).isEqualTo(Duration.ofSeconds(10));
  }

  private void discard(int number, int chunk) {
    apply(
        other,
        new Discard(
            Samples.origin(10, number), Samples.chunk(chunk), 0, Geometry.BLOCKS_PER_CHUNK));
  }

  private static void joined(FutureTask<?> task) throws InterruptedException {
    try {
      var unused = task.get(DEADLINE.toSeconds(), TimeUnit.SECONDS);
    } catch (ExecutionException | TimeoutException e) {
      throw new AssertionError(e);
    }
  }

  private static void awaitUninterrupted(CountDownLatch latch) {
    try {
      assertThat(latch.await(DEADLINE.toSeconds(), TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void rule09ACommittedWriteWaitsForACheckpointThatIsUnderWay() throws Exception {
    CountDownLatch letGo = new CountDownLatch(1);
    FutureTask<CompletionStage<LogPosition>> checkpoint = heldCheckpoint(letGo);
    List<Duration> waits = new ArrayList<>();
    world.waiting =
        (end, atMost) -> {
          waits.add(atMost);
          if (waits.size() == 3) {
            letGo.countDown();
            joined(checkpoint);
          }
        };
    assertGetsSlot();
    assertThat(waits).hasSize(3);
    assertThat(checkpoint.get()).isCompleted();
  }

  @Test
  void aWriteGivesUpWhenACheckpointIsUnderWayForTenSeconds() throws Exception {
    CountDownLatch letGo = new CountDownLatch(1);
    FutureTask<CompletionStage<LogPosition>> checkpoint = heldCheckpoint(letGo);
    Duration[] waited = {Duration.ZERO};
    world.waiting = (end, atMost) -> waited[0] = waited[0].plus(atMost);
    assertThatThrownBy(
            () -> apply(needy, Samples.write(Samples.origin(10, 1), Samples.chunk(500), 0, 1, 5)))
        .hasMessageContaining("no free slot");
    assertThat(waited[0]).isEqualTo(Duration.ofSeconds(10));
    letGo.countDown();
    assertThat(checkpoint.get(DEADLINE.toSeconds(), TimeUnit.SECONDS)).isCompleted();
  }

  @Test
  void aWriteForWhichNobodyHasDroppedASlotDoesNotWait() throws Exception {
    other.capture(ServiceWorld.MEMBERS).persist();
    apply(needy, Samples.write(Samples.origin(10, 1), Samples.chunk(500), 0, 1, 5));
    assertThatThrownBy(
            () -> apply(needy, Samples.write(Samples.origin(10, 2), Samples.chunk(501), 0, 1, 5)))
        .hasMessageContaining("no free slot");
    assertThat(world.copysets.outOfService())
        .singleElement()
        .satisfies(replica -> {
          assertThat(replica.copyset()).isEqualTo(Samples.COPYSET);
          assertThat(replica.needsMove()).isTrue();
          assertThat(replica.why()).contains("no free slot");
        });
  }
}
