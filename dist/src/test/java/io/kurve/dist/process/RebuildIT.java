package io.kurve.dist.process;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a disk held that dies for good, or is drained, goes to the fourth disk, under I/O. */
@Tag("long")
final class RebuildIT {
  private static final Duration GRACE = Duration.ofSeconds(10);
  private static final Duration REBUILT = Duration.ofMinutes(2);

  @Test
  void rule15AfterTheGracePeriodAllCopysetsHaveThreeReplicasAgain(@TempDir Path folder)
      throws Exception {
    try (TestPlayground playground =
        TestPlayground.up(
            folder,
            "--size",
            "512MiB",
            "--disk-size",
            "2GiB",
            "--disks",
            "4",
            "--grace",
            GRACE.toSeconds() + "s")) {
      String device = playground.device();
      Shell.run(atRest(device, "--end_fsync=1")).ok();
      Shell.Running fio =
          Shell.start(
              Fio.verify(device, "64m", "--time_based", "--runtime=75", "--verify_backlog=512"));
      Written written = new Written(device);
      written.awaitProgress(Duration.ofSeconds(20));
      playground.kill9("chunkserver-1");
      long begin = System.nanoTime();
      Deadline.await(
          GRACE.multipliedBy(2),
          "its replicas begin to move",
          () -> reasons(playground).contains("REPLICAS_MOVING"));
      Deadline.await(
          REBUILT,
          "only the disk itself is missing",
          () -> reasons(playground).equals(Set.of("DISK_OFFLINE")));
      System.out.printf(
          "chunkserver killed for good: three replicas again after %d ms, %d ms of them grace%n",
          Duration.ofNanos(System.nanoTime() - begin).toMillis(), GRACE.toMillis());
      written.awaitProgress(Duration.ofSeconds(10));
      Shell.await(fio, Duration.ofMinutes(4)).ok();

      // Without the new replicas none of its copysets has a majority now.
      playground.kill9("chunkserver-2");
      Shell.run(atRest(device, "--verify_only")).ok();
      Shell.run(Fio.verify(device, "16m")).ok();

      playground.upAgain();
      playground.awaitHealth("ok", REBUILT);
      assertThat(playground.log("chunkserver-1"))
          .as("what it held before belongs to nobody")
          .contains("the replica of copyset-")
          .contains("is removed");
      Shell.run(atRest(device, "--verify_only")).ok();
    }
  }

  @Test
  void aDrainedDiskIsEmptiedUnderWritesAndCanBeTakenAway(@TempDir Path folder) throws Exception {
    try (TestPlayground playground =
        TestPlayground.up(folder, "--size", "512MiB", "--disk-size", "2GiB", "--disks", "4")) {
      String device = playground.device();
      Shell.run(atRest(device, "--end_fsync=1")).ok();
      Shell.Running fio =
          Shell.start(
              Fio.verify(device, "64m", "--time_based", "--runtime=75", "--verify_backlog=512"));
      Written written = new Written(device);
      written.awaitProgress(Duration.ofSeconds(20));
      playground.kurve("disk", "drain", "chunkserver-1").ok();
      long begin = System.nanoTime();
      Deadline.await(
          Duration.ofSeconds(20),
          "its replicas begin to move",
          () -> reasons(playground).contains("REPLICAS_MOVING"));
      playground.kill9("mds-1");
      playground.upAgain();
      Deadline.await(
          REBUILT,
          "it is empty",
          () -> {
            JsonNode disk = disk(playground, "chunkserver-1");
            return disk.get("draining").asBoolean()
                && disk.get("copysets").asInt() == 0
                && disk.get("used_bytes").asLong() == 0;
          });
      System.out.printf(
          "chunkserver drained: empty after %d ms%n",
          Duration.ofNanos(System.nanoTime() - begin).toMillis());
      written.awaitProgress(Duration.ofSeconds(10));
      Shell.await(fio, Duration.ofMinutes(4)).ok();
      playground.awaitHealth("ok", REBUILT);

      // It is missed by nobody, and each of the others can be.
      playground.kill9("chunkserver-1");
      playground.kill9("chunkserver-2");
      Shell.run(atRest(device, "--verify_only")).ok();
      Shell.run(Fio.verify(device, "16m")).ok();
      playground.upAgain();
      playground.awaitHealth("ok", REBUILT);
      playground.kurve("disk", "undrain", "chunkserver-1").ok();
      assertThat(disk(playground, "chunkserver-1").get("draining").asBoolean()).isFalse();
    }
  }

  private static JsonNode disk(TestPlayground playground, String name) throws Exception {
    for (JsonNode disk : playground.json("disk", "list").get("disks")) {
      if (disk.get("disk").asText().equals(name)) {
        return disk;
      }
    }
    throw new AssertionError("no disk " + name);
  }

  private static String[] atRest(String device, String option) {
    return Fio.verify(device, "64m", "--offset=256m", option);
  }

  private static Set<String> reasons(TestPlayground playground) throws Exception {
    Set<String> codes = new TreeSet<>();
    for (JsonNode reason : playground.json("cluster", "status").get("reasons")) {
      codes.add(reason.get("code").asText());
    }
    return codes;
  }
}
