package io.kurve.chunkserver.service;

import static org.assertj.core.api.Assertions.assertThat;

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
import org.junit.jupiter.api.Test;

/** Two copysets on one full disk. */
class SpaceReliefTest {
  private static final CopysetKey OTHER =
      new CopysetKey(new CopysetId(8), new CopysetGeneration(1));

  private final ServiceWorld world = new ServiceWorld();

  private static CommandReply apply(CopysetStateMachine machine, Command command) {
    return machine.apply(
        new LogPosition(1, machine.applied().index() + 1), CommandCodec.encode(command));
  }

  @Test
  void rule09ACommittedWriteGetsASlotThatAnotherCopysetHasDropped() throws Exception {
    CopysetStateMachine needy = world.replica.machine();
    CopysetStateMachine other =
        world.copysets.open(OTHER, ServiceWorld.MEMBERS).orElseThrow().machine();
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

    assertThat(apply(needy, Samples.write(Samples.origin(10, 1), Samples.chunk(500), 0, 1, 5)))
        .isEqualTo(new CommandReply.Done());
    assertThat(other.hasDroppedSlots()).isFalse();
  }
}
