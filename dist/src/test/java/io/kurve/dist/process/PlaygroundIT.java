package io.kurve.dist.process;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.kurve.dist.process.Shell.Result;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The life of a playground and of the file systems on its volume. */
final class PlaygroundIT {
  @TempDir Path folder = Path.of("");

  @Test
  void ext4LivesOnTheVolumeAndSurvivesDownAndUp() throws Exception {
    try (TestPlayground playground =
        TestPlayground.up(folder, "--size", "1GiB", "--disk-size", "2GiB")) {
      JsonNode status = playground.status();
      assertThat(status.get("volume").get("size_bytes").asLong()).isEqualTo(1L << 30);
      assertThat(status.get("processes")).hasSize(5).allMatch(p -> p.get("pid").isNumber());
      assertThat(Path.of("/dev/kurve/demo").toRealPath()).isEqualTo(Path.of(playground.device()));

      Shell.run("mkfs.ext4", "-q", playground.device()).ok();
      Path mnt = playground.mount();
      Shell.run(Duration.ofMinutes(3), Fio.verify(mnt + "/file", "64m")).ok();
      Files.writeString(mnt.resolve("letter"), "kept");
      Result refused = playground.kurve("playground", "down");
      assertThat(refused.exit()).isEqualTo(5);
      assertThat(refused.err()).contains(mnt.toString());
      playground.unmount();
      Shell.run("e2fsck", "-fn", playground.device()).ok();

      playground.kurve("playground", "down").ok();
      assertThat(playground.status().get("processes")).allMatch(p -> p.get("pid").isNull());
      playground.upAgain();
      assertThat(Files.readString(playground.mount().resolve("letter"))).isEqualTo("kept");
      playground.unmount();
      Shell.run("e2fsck", "-fn", playground.device()).ok();
    }
  }

  @Test
  void xfsLivesOnTheVolumeAndGrowsOnline() throws Exception {
    try (TestPlayground playground =
        TestPlayground.up(folder, "--size", "512MiB", "--disk-size", "2GiB")) {
      Shell.run("mkfs.xfs", "-q", playground.device()).ok();
      Path mnt = playground.mount();
      Shell.run(Duration.ofMinutes(3), Fio.verify(mnt + "/file", "64m")).ok();

      Result resized = playground.kurve("volume", "resize", "demo", "--size", "700MiB").ok();
      assertThat(resized.err()).contains("rounded up to 704 MiB");
      Shell.run("xfs_growfs", mnt.toString()).ok();
      assertThat(mnt.toFile().getTotalSpace()).isGreaterThan(600L << 20);
      playground.unmount();
      Shell.run("xfs_repair", "-n", playground.device()).ok();
      assertThat(Shell.run("blockdev", "--getss", playground.device()).ok().out().strip())
          .isEqualTo("512");
    }
  }
}
