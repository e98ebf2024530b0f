package io.kurve.chunkserver.service;

import static org.assertj.core.api.Assertions.assertThat;

import io.kurve.chunkserver.copyset.Command;
import io.kurve.chunkserver.copyset.Samples;
import io.kurve.chunkserver.service.ServiceWorld.Answer;
import io.kurve.core.data.DataReply;
import io.kurve.core.data.DataRequest;
import io.kurve.core.id.AttachmentId;
import io.kurve.core.id.RequestId;
import io.kurve.core.metadata.ChunkserverCommands.Authority;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class QuorumReadsTest {
  private final ServiceWorld world =
      new ServiceWorld(ServiceLimits.defaults(), ReadMode.QUORUM).ready(10);

  @BeforeEach
  void writeOneBlock() {
    Answer written = world.write(1, 101, 0, 5);
    world.log.applyAll();
    assertThat(written.get()).isEqualTo(new DataReply.Done());
  }

  private void settle() {
    do {
      world.loop.runUntilIdle();
      world.log.applyAll();
    } while (world.loop.pending() > 0 || world.log.waiting() > 0);
  }

  @Test
  void rule14AMajorityIsAskedThoughTheLeaseHolds() {
    Answer read = world.read(101, 0);
    assertThat(read.pending()).isTrue();
    settle();
    assertThat(((DataReply.Data) read.get()).data()).isEqualTo(Samples.filled(1, 5));
  }

  @Test
  void rule14NoLeaseIsNeeded() {
    world.log.loseLease();
    Answer read = world.read(101, 0);
    settle();
    assertThat(((DataReply.Data) read.get()).data()).isEqualTo(Samples.filled(1, 5));
  }

  @Test
  void rule14ALeaderThatTheMajorityHasLeftAnswersNoRead() {
    Answer read = world.read(101, 0);
    world.log.follow(Optional.of(ServiceWorld.SECOND));
    settle();
    assertThat(read.code()).isEqualTo("NOT_LEADER");
    assertThat(world.read(101, 0).code()).isEqualTo("NOT_LEADER");
  }

  @Test
  void rule14NobodyIsFencedOrToldOfABlockWithoutAMajority() {
    RequestId stranger = new RequestId(new AttachmentId(11), 1, 0);
    Answer fenced = world.send(stranger, 101, ServiceWorld.write(0, 1, Optional.empty()));
    Answer differs = world.compareAndWrite(2, 0, 6, ServiceWorld.crc(1));
    world.loop.runUntilIdle();
    assertThat(fenced.pending()).isTrue();
    assertThat(differs.pending()).isTrue();
    settle();
    assertThat(fenced.code()).isEqualTo("FENCED");
    assertThat(differs.get()).isEqualTo(new DataReply.Mismatch(ServiceWorld.crc(5)));
  }

  @Test
  void rule14NobodyIsToldOfChunksWithoutAMajority() {
    var chunks =
        world
            .commands
            .chunksOf(ServiceWorld.SELF, Samples.COPYSET, Samples.chunk(101).volume())
            .toCompletableFuture();
    assertThat(chunks).isNotDone();
    settle();
    assertThat(chunks).isCompletedWithValue(List.of(101L));
  }

  @Test
  void rule19ARefusalThatIsOutdatedWhenItIsProvenIsNotTold() {
    Command.SetGrant grant = Samples.grant(2, 10, 11);
    var granted =
        world.commands.grant(
            ServiceWorld.SELF, new Authority(grant.term(), 2, 2), Samples.COPYSET, grant.grant());
    RequestId newcomer = new RequestId(new AttachmentId(11), 1, 0);
    Answer early = world.send(newcomer, 101, ServiceWorld.write(0, 1, Optional.empty()));
    settle();
    assertThat(granted).isCompleted();
    assertThat(early.code()).isEqualTo("NOT_LEADER");
  }

  @Test
  void thoseThatComeMeanwhileShareTheNextQuestion() {
    Answer first = world.read(101, 0);
    Answer second = world.read(101, 0);
    Answer third = world.send(ServiceWorld.id(9998), 101, new DataRequest.Read(0, 4096));
    assertThat(world.log.waiting()).isEqualTo(1);
    world.log.applyNext();
    world.loop.runUntilIdle();
    assertThat(first.get()).isInstanceOf(DataReply.Data.class);
    assertThat(second.pending()).isTrue();
    assertThat(world.log.waiting()).isEqualTo(1);
    settle();
    assertThat(second.get()).isInstanceOf(DataReply.Data.class);
    assertThat(third.get()).isInstanceOf(DataReply.Data.class);
    assertThat(world.log.waiting()).isZero();
  }
}
