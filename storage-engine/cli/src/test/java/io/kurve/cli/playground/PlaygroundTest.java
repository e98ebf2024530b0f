package io.kurve.cli.playground;

import static org.assertj.core.api.Assertions.assertThat;

import io.kurve.cli.Connections;
import io.kurve.cli.config.ClusterFile;
import io.kurve.cli.playground.PlaygroundStatus.VolumeStatus;
import io.kurve.core.id.ClusterId;
import io.kurve.core.metadata.ClusterInspection.Reason;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PlaygroundTest {
  @TempDir Path folder = Path.of("/");

  /** Nobody may be asked. */
  private static final class Nobody implements Connections {
    @Override
    public Cluster cluster(ClusterFile file) {
      throw new AssertionError("nothing runs");
    }

    @Override
    public void close() {}
  }

  @Test
  void withoutAnMdsTheVolumeIsAsItWasMade() {
    Settings settings =
        new Settings(
            ClusterId.parse("00000000-0000-0000-0000-000000000001"),
            4L << 30,
            8L << 30,
            new Settings.Shape(3, 1, 1, false, 600),
            16,
            21_000);
    Playground playground = new Playground(new Layout(folder), settings, new Nobody(), line -> {});
    assertThat(playground.status().volume()).isEqualTo(new VolumeStatus("demo", 4L << 30, null));
    assertThat(playground.status().device()).isNull();
  }

  @Test
  void aReasonIsOneLineWithItsCodeAndCure() {
    assertThat(
            Playground.oneLine(
                new Reason("STORE_UNCONFIRMED", "cs-1", "cs-1 is a copy", "stop it")))
        .isEqualTo("not healthy: STORE_UNCONFIRMED: cs-1 is a copy — stop it");
  }
}
