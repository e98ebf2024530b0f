package io.kurve.chunkserver.service;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kurve.chunkserver.copyset.Command;
import io.kurve.chunkserver.copyset.Command.Discard;
import io.kurve.chunkserver.copyset.CommandCodec;
import io.kurve.chunkserver.copyset.CommandReply;
import io.kurve.chunkserver.copyset.CopysetStateMachine;
import io.kurve.chunkserver.copyset.Samples;
import io.kurve.core.id.CopysetGeneration;
import io.kurve.core.id.CopysetId;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.log.LogPosition;
import io.kurve.core.unit.Geometry;
import io.kurve.testkit.log.FakeReplicatedLog;
import io.kurve.testkit.log.Patience;
import java.time.Duration;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
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

  @Test
  void rule09ACommittedWriteWaitsForACheckpointThatIsUnderWay() throws Exception {
    FakeReplicatedLog<CommandReply> log = world.logs.log(OTHER);
    CountDownLatch held = new CountDownLatch(1);
    world.beforePersist =
        () -> {
          held.countDown();
          Patience.await(
              "an asker that does not give up", DEADLINE, () -> log.refusedCheckpoints() >= 2);
        };
    FutureTask<CompletionStage<LogPosition>> checkpoint = new FutureTask<>(log::checkpoint);
    Thread.ofVirtual().start(checkpoint);
    assertThat(held.await(DEADLINE.toSeconds(), TimeUnit.SECONDS)).isTrue();
    world.beforePersist = () -> {};
    assertGetsSlot();
    assertThat(checkpoint.get(DEADLINE.toSeconds(), TimeUnit.SECONDS)).isCompleted();
  }

  @Test
  void aWriteForWhichNobodyHasDroppedASlotDoesNotWait() throws Exception {
    other.capture(ServiceWorld.MEMBERS).persist();
    apply(needy, Samples.write(Samples.origin(10, 1), Samples.chunk(500), 0, 1, 5));
    assertThatThrownBy(
            () -> apply(needy, Samples.write(Samples.origin(10, 2), Samples.chunk(501), 0, 1, 5)))
        .hasMessageContaining("no free slot");
  }
}
