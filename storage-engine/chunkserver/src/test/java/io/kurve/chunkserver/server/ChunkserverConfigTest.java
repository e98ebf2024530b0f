package io.kurve.chunkserver.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kurve.chunkserver.service.ReadMode;
import io.kurve.core.metadata.HostAndPort;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class ChunkserverConfigTest {
  private static final String[] LEAST = {
    "--store",
    "/dev/sdx",
    "--cluster-id",
    "0000000a-0000-0000-0000-000000000001",
    "--key-file",
    "key",
    "--mds",
    "a:1,b:2",
    "--failure-domain",
    "rack"
  };

  private static String[] with(String... more) {
    String[] all = Arrays.copyOf(LEAST, LEAST.length + more.length);
    System.arraycopy(more, 0, all, LEAST.length, more.length);
    return all;
  }

  @Test
  void takesTheLeastAndItsDefaults() {
    ChunkserverConfig config = ChunkserverConfig.parse(LEAST);
    assertThat(config.mds()).containsExactly(new HostAndPort("a", 1), new HostAndPort("b", 2));
    assertThat(config.diskName()).isEqualTo("sdx");
    assertThat(config.ports().host()).isEqualTo("127.0.0.1");
    assertThat(config.ports().data()).isZero();
    assertThat(config.ports().readyFile()).isEmpty();
    assertThat(config.reads()).isEqualTo(ReadMode.LEASE);
  }

  @Test
  void takesAll() {
    ChunkserverConfig config =
        ChunkserverConfig.parse(
            with("--bind", "::1", "--data-port", "7", "--ready-file", "r", "--disk-name", "d"));
    assertThat(config.ports().host()).isEqualTo("::1");
    assertThat(config.ports().data()).isEqualTo(7);
    assertThat(config.ports().readyFile()).contains(Path.of("r"));
    assertThat(config.diskName()).isEqualTo("d");
  }

  @Test
  void rule14HowLeadersReadIsASwitch() {
    assertThat(ChunkserverConfig.parse(with("--reads", "quorum")).reads())
        .isEqualTo(ReadMode.QUORUM);
    assertThat(ChunkserverConfig.parse(with("--reads", "lease")).reads()).isEqualTo(ReadMode.LEASE);
    assertThatThrownBy(() -> ChunkserverConfig.parse(with("--reads", "any")))
        .hasMessageContaining("--reads 'any'")
        .hasMessageContaining("neither lease nor quorum");
  }

  @Test
  void namesEverythingThatIsWrong() {
    assertThatThrownBy(() ->
            ChunkserverConfig.parse(
                "--stor", "x", "--mds", "nowhere", "--data-port", "70000", "--bind"))
        .hasMessageContaining("'--stor'")
        .hasMessageContaining("--mds 'nowhere'")
        .hasMessageContaining("--data-port '70000'")
        .hasMessageContaining("--bind has no value")
        .hasMessageContaining("--store is missing")
        .hasMessageContaining("--cluster-id is missing");
    assertThatThrownBy(() -> ChunkserverConfig.parse(with("--store", "y")))
        .hasMessageContaining("--store is given twice");
  }
}
