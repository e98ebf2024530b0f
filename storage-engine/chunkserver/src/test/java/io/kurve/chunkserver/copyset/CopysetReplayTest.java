package io.kurve.chunkserver.copyset;

import static org.assertj.core.api.Assertions.assertThat;

import io.kurve.chunkserver.copyset.Command.Discard;
import io.kurve.chunkserver.copyset.Command.Origin;
import io.kurve.chunkserver.copyset.Command.PurgeVolume;
import io.kurve.chunkserver.copyset.Command.WriteZeroes;
import io.kurve.core.data.ChunkAddress;
import io.kurve.core.id.AttachmentId;
import io.kurve.core.id.ChunkId;
import io.kurve.core.id.RequestId;
import io.kurve.core.id.VolumeId;
import io.kurve.core.log.ReplicatedStateMachine.CheckpointImage;
import io.kurve.core.metadata.ChunkserverCommands.Grant;
import io.kurve.core.unit.Geometry;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.Test;

/** Random commands, checkpoints and power losses against a replica that never lost power. */
class CopysetReplayTest {
  @Test
  void rule01ReplayGivesEachEntryTheVerdictThatItGotTheFirstTime() throws IOException {
    for (int seed = 0; seed < 60; seed++) {
      RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
      Replica steady = new Replica(64);
      Replica crashing = new Replica(64);
      List<CommandReply> replies = new ArrayList<>();
      CheckpointImage pending = crashing.machine.capture(Replica.MEMBERS);
      for (int step = 0; step < 250; step++) {
        Command command = randomCommand(random, step);
        replies.add(steady.apply(command));
        assertThat(crashing.apply(command)).isEqualTo(replies.getLast());
        switch (random.nextInt(20)) {
          case 0 -> pending = crashing.machine.capture(Replica.MEMBERS);
          case 1 -> pending.persist();
          case 2 -> {
            crashing.store.crash(random);
            crashing.machine = crashing.start();
            pending = crashing.machine.capture(Replica.MEMBERS);
            int from = (int) crashing.machine.restored().at().index();
            for (int index = from + 1; index <= crashing.log.size(); index++) {
              assertThat(crashing.applyEntry(index))
                  .as("seed %d entry %d", seed, index)
                  .isEqualTo(replies.get(index - 1));
            }
            assertThat(crashing.machine.digest())
                .as("seed %d step %d", seed, step)
                .isEqualTo(steady.machine.digest());
          }
          default -> {}
        }
      }
      assertThat(crashing.machine.digest()).isEqualTo(steady.machine.digest());
    }
  }

  private static Command randomCommand(RandomGenerator random, int step) {
    long attachment = 10L + step / 60 + random.nextInt(2);
    long number = 1L + step / 2 + random.nextInt(6);
    Origin origin =
        new Origin(
            new RequestId(new AttachmentId(attachment), number, 0),
            Math.max(1, step / 2 - 3),
            1 + step / 100);
    VolumeId volume = new VolumeId(3 + random.nextInt(2));
    int chunk = random.nextInt(5);
    ChunkAddress address =
        new ChunkAddress(volume, chunk, new ChunkId(100 * volume.value() + chunk));
    int first = random.nextInt(30);
    int count = 1 + random.nextInt(4);
    return switch (random.nextInt(16)) {
      case 0, 1 ->
          new Command.SetGrant(
              Samples.TERM,
              step,
              new Grant(
                  volume,
                  step + random.nextInt(3),
                  Set.of(new AttachmentId(10 + step / 60), new AttachmentId(11 + step / 60)),
                  true));
      case 2 -> new WriteZeroes(origin, address, first, count);
      case 3 -> new Discard(origin, address, first, count);
      case 4 -> new Discard(origin, address, 0, Geometry.BLOCKS_PER_CHUNK);
      case 5 ->
          step > 150 && volume.value() == 4
              ? new PurgeVolume(Samples.TERM, volume, step)
              : new Discard(origin, address, first, count);
      default -> Samples.write(origin, address, first, count, random.nextInt(256));
    };
  }
}
