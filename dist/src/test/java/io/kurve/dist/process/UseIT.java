package io.kurve.dist.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.kurve.dist.process.Shell.Result;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What users do with volumes, right and wrong. */
final class UseIT {
  @TempDir Path folder = Path.of("");

  @Test
  void anExclusiveVolumeHasOneHolderWhoIsNamed() throws Exception {
    try (TestPlayground playground =
        TestPlayground.up(
            folder, "--size", "64MiB", "--disk-size", "1GiB", "--hosts", "2", "--disks", "4")) {
      assertThat(playground.status().get("processes")).hasSize(7);
      assertThat(playground.json("disk", "list").get("disks")).hasSize(4);

      Result second = playground.kurve("volume", "attach", "demo", "--host", "host-2");
      assertThat(second.exit()).isEqualTo(5);
      assertThat(second.err()).contains("host-1").containsPattern("since 20\\d\\d-");
      Result deleted = playground.kurve("volume", "delete", "demo");
      assertThat(deleted.exit()).isEqualTo(5);
      assertThat(deleted.err()).contains("host-1");

      playground.kurve("volume", "detach", "demo").ok();
      playground.kurve("volume", "attach", "demo", "--host", "host-2").ok();
      playground.kurve("volume", "detach", "demo").ok();
      playground.kurve("volume", "delete", "demo").ok();
      assertThat(playground.kurve("volume", "info", "demo").exit()).isEqualTo(3);
    }
  }

  @Test
  void badInputGetsOneClearErrorAndChangesNothing() throws Exception {
    try (TestPlayground playground =
        TestPlayground.up(folder, "--size", "64MiB", "--disk-size", "1GiB")) {
      assertThat(playground.kurve("volume", "create", "zero", "--size", "0").exit()).isEqualTo(2);
      assertThat(playground.kurve("volume", "create", "minus", "--size", "-1GiB").exit())
          .isEqualTo(2);
      assertThat(playground.kurve("volume", "create", "demo", "--size", "1GiB").exit())
          .isEqualTo(4);
      assertThat(playground.kurve("volume", "attach", "nobody").exit()).isEqualTo(3);
      assertThat(playground.kurve("volume", "attach", "demo", "--host", "host-9").exit())
          .isEqualTo(3);
      Result shrunk = playground.kurve("volume", "resize", "demo", "--size", "16MiB");
      assertThat(shrunk.exit()).isEqualTo(2);
      assertThat(shrunk.err()).contains("67108864").contains("16777216");
      Result otherSize =
          playground.kurve("playground", "up", "--size", "128MiB", "--disk-size", "1GiB");
      assertThat(otherSize.exit()).isEqualTo(4);
      assertThat(otherSize.err()).contains("64 MiB, not 128 MiB");
      Path disk = playground.directory().resolve("chunkserver-1/disk");
      assertThat(Shell.kurve("store", "check", disk.toString()).exit()).isEqualTo(5);
      assertThat(playground.json("volume", "list").get("volumes")).hasSize(1);
      playground.awaitHealth("ok", Duration.ofSeconds(30));
      Path foreign = Files.write(folder.resolve("foreign"), new byte[1 << 20]);
      assertThat(Shell.kurve("store", "inspect", foreign.toString()).exit()).isEqualTo(8);
    }
  }

  @Test
  void aStalledVolumeIsDetachedByForceAndTheClusterGoesDown() throws Exception {
    try (TestPlayground playground =
        TestPlayground.up(folder, "--size", "64MiB", "--disk-size", "1GiB")) {
      String device = playground.device();
      playground.kill9("chunkserver-1");
      playground.kill9("chunkserver-2");
      Shell.Running stalled =
          Shell.start("dd", "if=/dev/zero", "of=" + device, "bs=4k", "count=16", "oflag=direct");
      playground.awaitHealth("stalled", Duration.ofSeconds(30));
      assertThat(stalled.process().isAlive()).isTrue();
      playground.kurve("playground", "down").ok();
      assertThat(Shell.await(stalled, Duration.ofSeconds(10)).err()).contains("Input/output error");
    }
  }
}
