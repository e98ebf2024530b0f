package io.kurve.chunkserver.copyset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kurve.chunkserver.copyset.ControlCodec.ChunkListSeal;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.VolumeId;
import io.kurve.core.metastore.Bytes;
import io.kurve.testkit.golden.GoldenFile;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class ControlCodecTest {
  private static ControlState sample() {
    ControlState control = new ControlState();
    control.applied(Samples.grant(4, 10, 11, 12));
    control.applied(Samples.grant(5, 10, 12));
    Command.Write write = Samples.write(Samples.origin(10, 6), Samples.chunk(101), 0, 1, 1);
    control.heard(write);
    control.applied(write);
    control.applied(new Command.PurgeVolume(Samples.TERM, new VolumeId(2), 33));
    return control;
  }

  private static final ChunkListSeal CHUNKS =
      ChunkListSeal.of(List.of(Samples.chunk(101), Samples.chunk(102)));

  @Test
  void goldenFile() {
    GoldenFile golden = new GoldenFile(getClass(), "copyset-control-v2.hex");
    golden.assertWrites(ControlCodec.encode(sample(), CHUNKS).toArray());
    ControlCodec.Decoded read = ControlCodec.decode(Bytes.copyOf(golden.read()));
    assertThat(read.chunks()).isEqualTo(CHUNKS);
    assertThat(ControlCodec.encode(read.control(), read.chunks()).toArray())
        .isEqualTo(golden.read());
  }

  @Test
  void theFencedListsOfVersionOneBecomeTheHighestAdmitted() {
    byte[] old = new GoldenFile(getClass(), "copyset-control-v1.hex").read();
    ControlCodec.Decoded read = ControlCodec.decode(Bytes.copyOf(old));
    assertThat(ControlCodec.encode(read.control(), read.chunks()).toArray())
        .isEqualTo(ControlCodec.encode(sample(), CHUNKS).toArray());
  }

  @Test
  void aNewerVersionIsRefusedByName() {
    byte[] newer = ControlCodec.encode(sample(), CHUNKS).toArray();
    newer[4]++;
    assertThatThrownBy(() -> ControlCodec.decode(Bytes.copyOf(newer)))
        .hasMessageContaining("its version is 3, not 2")
        .extracting(failure -> ((KurveException) failure).cure())
        .asString()
        .contains("newer software");
  }

  @Test
  void damageIsNoticed() {
    byte[] good = ControlCodec.encode(sample(), CHUNKS).toArray();
    for (int bit = 0; bit < good.length * 8; bit++) {
      byte[] bad = good.clone();
      bad[bit / 8] ^= (byte) (1 << (bit % 8));
      assertThatThrownBy(() -> ControlCodec.decode(Bytes.copyOf(bad)))
          .isInstanceOf(KurveException.class);
    }
    for (int length = 0; length < good.length; length++) {
      byte[] cut = Arrays.copyOf(good, length);
      assertThatThrownBy(() -> ControlCodec.decode(Bytes.copyOf(cut)))
          .isInstanceOf(KurveException.class);
    }
  }
}
