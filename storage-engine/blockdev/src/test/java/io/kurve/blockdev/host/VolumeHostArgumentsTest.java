package io.kurve.blockdev.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kurve.core.metadata.HostAndPort;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class VolumeHostArgumentsTest {
  private static final String[] GOOD = {
    "--mds", "127.0.0.1:1,127.0.0.1:2",
    "--cluster-id", "00000000-0000-0000-0000-000000000001",
    "--key-file", "/k",
    "--host", "h1",
    "--run-dir", "/r",
    "--socket", "/s",
    "--metrics", "127.0.0.1:0",
    "--ready-file", "/ready"
  };

  @Test
  void readsAllOfIt() {
    VolumeHostArguments arguments = VolumeHostArguments.parse(GOOD);

    assertThat(arguments.mds())
        .containsExactly(new HostAndPort("127.0.0.1", 1), new HostAndPort("127.0.0.1", 2));
    assertThat(arguments.host()).isEqualTo("h1");
    assertThat(arguments.places())
        .isEqualTo(
            new VolumeHostArguments.Places(
                Path.of("/r"), Path.of("/s"), Path.of("/dev/kurve"), Optional.empty()));
  }

  @Test
  void theHelpNamesEveryOption() {
    for (int i = 0; i < GOOD.length; i += 2) {
      assertThat(VolumeHostArguments.HELP).contains("  " + GOOD[i] + " ");
    }
  }

  @Test
  void tellsAllThatIsWrongAtOnce() {
    assertThatThrownBy(() -> VolumeHostArguments.parse("--colour", "red", "--host"))
        .hasMessageContaining("unknown: --colour")
        .hasMessageContaining("no value: --host")
        .hasMessageContaining("missing: --mds");
    String[] bad = GOOD.clone();
    bad[1] = "nowhere";
    assertThatThrownBy(() -> VolumeHostArguments.parse(bad))
        .hasMessageContaining("'nowhere' is not host:port");
  }
}
