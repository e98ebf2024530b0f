package io.kurve.chunkserver.copyset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kurve.chunkserver.copyset.Command.Barrier;
import io.kurve.chunkserver.copyset.Command.Discard;
import io.kurve.chunkserver.copyset.Command.PurgeVolume;
import io.kurve.chunkserver.copyset.Command.Write;
import io.kurve.chunkserver.copyset.Command.WriteZeroes;
import io.kurve.chunkserver.copyset.CommandCodec.BadCommand;
import io.kurve.core.id.MdsTerm;
import io.kurve.core.id.VolumeId;
import io.kurve.testkit.golden.GoldenFile;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class CommandCodecTest {
  private static final List<Command> SAMPLES =
      List.of(
          Samples.write(Samples.origin(11, 12), Samples.chunk(101), 4095, 1, 7),
          new WriteZeroes(Samples.origin(11, 13), Samples.chunk(101), 0, 4096),
          new Discard(Samples.origin(11, 14), Samples.chunk(102), 1, 2),
          Samples.grant(9, 11, 12, 300),
          new PurgeVolume(new MdsTerm(6), new VolumeId(3), 77));

  private static final List<Command> SINCE_BARRIERS =
      Stream.concat(SAMPLES.stream(), Stream.of(new Barrier())).toList();

  @Test
  void readsWhatItWrote() throws BadCommand {
    for (Command command : SINCE_BARRIERS) {
      Command read = CommandCodec.decode(CommandCodec.encode(command));
      if (command instanceof Write write) {
        Write back = (Write) read;
        assertThat(back.origin()).isEqualTo(write.origin());
        assertThat(back.address()).isEqualTo(write.address());
        assertThat(back.firstBlock()).isEqualTo(write.firstBlock());
        assertThat(back.checksums()).isEqualTo(write.checksums());
        assertThat(back.blocks()).isEqualTo(write.blocks());
      } else {
        assertThat(read).isEqualTo(command);
      }
    }
  }

  @Test
  void goldenFile() throws BadCommand {
    GoldenFile golden = new GoldenFile(getClass(), "copyset-commands-v3.hex");
    ByteBuffer all = ByteBuffer.allocate(8192);
    SINCE_BARRIERS.forEach(command -> {
      ByteBuffer bytes = CommandCodec.encode(command);
      all.putInt(bytes.remaining()).put(bytes);
    });
    byte[] written = new byte[all.flip().remaining()];
    all.get(written);
    golden.assertWrites(written);
    assertReads(golden, SINCE_BARRIERS);
  }

  @Test
  void whatWasWrittenBeforeBarriersIsRead() throws BadCommand {
    assertReads(new GoldenFile(getClass(), "copyset-commands-v2.hex"), SAMPLES);
  }

  @Test
  void aGrantOfVersionOneCountsAsSentAtItsOwnRevision() throws BadCommand {
    assertReads(new GoldenFile(getClass(), "copyset-commands-v1.hex"), SAMPLES);
  }

  private static void assertReads(GoldenFile golden, List<Command> commands) throws BadCommand {
    ByteBuffer in = ByteBuffer.wrap(golden.read());
    for (Command expected : commands) {
      int length = in.getInt();
      Command read = CommandCodec.decode(in.slice(in.position(), length));
      assertThat(CommandCodec.encode(read)).isEqualTo(CommandCodec.encode(expected));
      in.position(in.position() + length);
    }
    assertThat(in.hasRemaining()).isFalse();
  }

  @Test
  void everyFlippedBitOfTheHeaderIsNoticed() {
    for (Command command : SINCE_BARRIERS) {
      ByteBuffer bytes = CommandCodec.encode(command);
      int header = bytes.getInt(8);
      for (int bit = 0; bit < header * 8; bit++) {
        int place = bit / 8;
        byte good = bytes.get(place);
        bytes.put(place, (byte) (good ^ (1 << (bit % 8))));
        assertThatThrownBy(() -> CommandCodec.decode(bytes)).isInstanceOf(BadCommand.class);
        bytes.put(place, good);
      }
    }
  }

  @Test
  void everyTruncationIsNoticed() {
    for (Command command : SINCE_BARRIERS) {
      ByteBuffer bytes = CommandCodec.encode(command);
      for (int length = 0; length < bytes.capacity(); length++) {
        ByteBuffer cut = bytes.slice(0, length);
        assertThatThrownBy(() -> CommandCodec.decode(cut)).isInstanceOf(BadCommand.class);
      }
    }
  }

  @Test
  void aNewerVersionIsNamed() {
    ByteBuffer bytes = CommandCodec.encode(SAMPLES.get(3)).put(4, (byte) 3);
    assertThatThrownBy(() -> CommandCodec.decode(bytes)).hasMessageContaining("version 3");
  }

  @Test
  void garbageIsRefused() {
    RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(1);
    for (int i = 0; i < 2000; i++) {
      byte[] garbage = new byte[random.nextInt(300)];
      random.nextBytes(garbage);
      assertThatThrownBy(() -> CommandCodec.decode(ByteBuffer.wrap(garbage)))
          .isInstanceOf(BadCommand.class);
    }
  }
}
