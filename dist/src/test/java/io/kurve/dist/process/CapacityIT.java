package io.kurve.dist.process;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.kurve.dist.process.Shell.Result;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.io.TempDir;

/** A pool of 384 MiB that is asked for more, and deleted volumes that are wanted back. */
@Tag("long")
@TestInstance(Lifecycle.PER_CLASS)
final class CapacityIT {
  private static final Duration SOON = Duration.ofSeconds(90);

  private TestPlayground playground;
  private Path block;

  @BeforeAll
  void make(@TempDir Path folder) throws Exception {
    playground = TestPlayground.up(folder, "--size", "64MiB", "--disk-size", "512MiB");
    block = Files.writeString(folder.resolve("block"), "kurve".repeat(1000).substring(904));
    assertThat(Files.size(block)).isEqualTo(4096);
  }

  @AfterAll
  void remove() throws Exception {
    playground.close();
  }

  private Result write(String volume) throws Exception {
    return Shell.run(
        "dd", "if=" + block, "of=/dev/kurve/" + volume, "bs=4k", "conv=notrunc", "oflag=direct");
  }

  private List<String> codes() throws Exception {
    List<String> codes = new ArrayList<>();
    for (JsonNode reason : playground.json("cluster", "status").get("reasons")) {
      codes.add(reason.get("code").asText());
    }
    return codes;
  }

  @Test
  void rule09APoolThatIsFullSaysSoAndOnlyNewRoomIsRefusedUntilThereIsSome() throws Exception {
    Result refused = playground.kurve("volume", "create", "hog", "--size", "336MiB");
    assertThat(refused.exit()).isEqualTo(6);
    assertThat(refused.err()).contains("400 MiB", "384 MiB", "320MiB");
    Result resize = playground.kurve("volume", "resize", "demo", "--size", "400MiB");
    assertThat(resize.exit()).isEqualTo(6);

    playground.kurve("cluster", "policy", "--overcommit", "2").ok();
    write("demo").ok();
    playground.kurve("volume", "create", "hog", "--size", "320MiB").ok();
    playground.kurve("volume", "create", "late", "--size", "16MiB").ok();
    playground.kurve("volume", "attach", "hog").ok();
    playground.kurve("volume", "attach", "late").ok();
    write("hog").ok();
    assertThat(codes()).contains("CAPACITY_95", "DISK_FULL");
    Result full = write("late");
    assertThat(full.exit()).isNotZero();
    assertThat(full.err()).contains("No space left on device");
    write("demo").ok();
    write("hog").ok();

    playground.kurve("volume", "detach", "hog").ok();
    playground.kurve("volume", "delete", "hog").ok();
    Deadline.await(SOON, "there is room again", () -> write("late").exit() == 0);
    playground.awaitHealth("ok", SOON);
    playground.kurve("volume", "detach", "late").ok();
    playground.kurve("volume", "delete", "late").ok();
    playground.kurve("cluster", "policy", "--overcommit", "1").ok();
  }

  @Test
  void aDeletedVolumeIsHadBackWithAllItsData() throws Exception {
    playground.kurve("cluster", "policy", "--retention", "1h").ok();
    playground.kurve("volume", "create", "kept", "--size", "64MiB").ok();
    playground.kurve("volume", "attach", "kept").ok();
    write("kept").ok();
    playground.kurve("volume", "detach", "kept").ok();
    assertThat(playground.kurve("volume", "delete", "kept").ok().out()).contains("undelete kept");
    assertThat(playground.kurve("volume", "attach", "kept").exit()).isEqualTo(3);
    JsonNode deleted = playground.json("volume", "list", "--deleted").get("volumes");
    assertThat(deleted).hasSize(1);
    assertThat(deleted.get(0).get("left_s").asLong()).isBetween(3000L, 3600L);

    playground.kurve("volume", "create", "kept", "--size", "64MiB").ok();
    assertThat(playground.kurve("volume", "undelete", "kept").exit()).isEqualTo(4);
    playground.kurve("volume", "undelete", "kept", "--as", "back").ok();
    playground.kurve("volume", "attach", "back").ok();
    Shell.run("cmp", "-n", "4096", block.toString(), "/dev/kurve/back").ok();
    playground.kurve("volume", "detach", "back").ok();

    playground.kurve("volume", "delete", "back").ok();
    playground.kurve("volume", "purge", "back").ok();
    assertThat(playground.json("volume", "list", "--deleted").get("volumes")).isEmpty();
    playground.kurve("volume", "delete", "kept", "--retention", "0").ok();
    playground.kurve("cluster", "confirm-clock").ok();
    playground.kurve("cluster", "policy", "--retention", "0").ok();
    assertThat(playground.kurve("volume", "undelete", "kept").exit()).isEqualTo(3);
  }
}
