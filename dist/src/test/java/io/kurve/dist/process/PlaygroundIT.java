package io.kurve.dist.process;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.kurve.dist.process.Shell.Result;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer.OrderAnnotation;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/**
 * The life of a playground and of the file systems on its volume, which grows from test to test.
 */
@TestInstance(Lifecycle.PER_CLASS)
@TestMethodOrder(OrderAnnotation.class)
final class PlaygroundIT {
  private TestPlayground playground;

  @BeforeAll
  void make(@TempDir Path folder) throws Exception {
    playground = TestPlayground.up(folder, "--size", "512MiB", "--disk-size", "2GiB");
  }

  @AfterAll
  void remove() throws Exception {
    playground.close();
  }

  @Test
  @Order(0)
  void aSecondOneIsRefusedBeforeAnythingIsBuiltOrMade(@TempDir Path folder) throws Exception {
    Path other = folder.resolve("other");
    Result second = Shell.kurve("playground", "up", "--dir", other.toString());
    assertRefused(second);

    Path clone = folder.resolve("clone");
    Files.createDirectories(clone.resolve("build"));
    for (String file : List.of("kurve", "build/find-jdk.sh")) {
      Files.copy(Shell.ROOT.resolve(file), clone.resolve(file));
    }
    assertRefused(Shell.run(clone + "/kurve", "playground", "--dir", other.toString()));
    assertThat(clone.resolve("dist")).doesNotExist();

    playground.kurve("volume", "detach", "demo").ok();
    assertRefused(Shell.kurve("playground", "up", "--dir", other.toString()));
    assertThat(other).doesNotExist();
    playground.kurve("volume", "attach", "demo").ok();
  }

  private void assertRefused(Result second) {
    assertThat(second.exit()).as(second.err()).isEqualTo(5);
    assertThat(second.err().lines())
        .singleElement()
        .asString()
        .startsWith("kurve: ")
        .contains("down --dir " + playground.directory() + "`");
  }

  @Test
  @Order(1)
  void ext4LivesOnTheVolumeAndSurvivesDownAndUp() throws Exception {
    JsonNode status = playground.status();
    assertThat(status.get("volume").get("size_bytes").asLong()).isEqualTo(512L << 20);
    assertThat(status.get("processes")).hasSize(6).allMatch(p -> p.get("pid").isNumber());
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

  @Test
  @Order(2)
  void ext4FindsTheNewSize() throws Exception {
    Path mnt = playground.mount();
    Result resized = playground.kurve("volume", "resize", "demo", "--size", "700MiB").ok();
    assertThat(resized.err()).contains("rounded up to 704 MiB");
    String device = playground.device();
    // Online where the machine lets root do it, else unmounted.
    if (Shell.run("resize2fs", device).exit() != 0) {
      playground.unmount();
      Shell.run("e2fsck", "-fp", device).ok();
      Shell.run("resize2fs", device).ok();
      playground.mount();
    }
    assertThat(mnt.toFile().getTotalSpace()).isGreaterThan(600L << 20);
    assertThat(Files.readString(mnt.resolve("letter"))).isEqualTo("kept");
    playground.unmount();
    Shell.run("e2fsck", "-fn", device).ok();
  }

  @Test
  @Order(3)
  void xfsLivesOnTheVolumeAndGrowsOnline() throws Exception {
    Shell.run("mkfs.xfs", "-q", "-f", playground.device()).ok();
    Path mnt = playground.mount();
    Shell.run(Duration.ofMinutes(3), Fio.verify(mnt + "/file", "64m")).ok();

    playground.kurve("volume", "resize", "demo", "--size", "896MiB").ok();
    Shell.run("xfs_growfs", mnt.toString()).ok();
    assertThat(mnt.toFile().getTotalSpace()).isGreaterThan(800L << 20);
    playground.unmount();
    Shell.run("xfs_repair", "-n", playground.device()).ok();
  }

  @Test
  @Order(4)
  void sectorsOf512BytesAndOf4096BytesWork() throws Exception {
    String small = playground.device();
    assertThat(Shell.run("blockdev", "--getss", small).ok().out().strip()).isEqualTo("512");
    Shell.run(Fio.verify(small, "1m", "--bs=512")).ok();

    playground.kurve("volume", "create", "large", "--size", "64MiB", "--block-size", "4096").ok();
    playground.kurve("volume", "attach", "large").ok();
    String large = Path.of("/dev/kurve/large").toRealPath().toString();
    assertThat(Shell.run("blockdev", "--getss", large).ok().out().strip()).isEqualTo("4096");
    Shell.run(Fio.verify(large, "16m")).ok();
    assertThat(
            Shell.run("dd", "if=/dev/zero", "of=" + large, "bs=512", "count=1", "oflag=direct")
                .exit())
        .isNotZero();
    playground.kurve("volume", "detach", "large").ok();
    playground.kurve("volume", "delete", "large").ok();
  }
}
