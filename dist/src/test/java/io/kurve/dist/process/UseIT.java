package io.kurve.dist.process;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.kurve.dist.process.Shell.Result;
import java.net.SocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
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
 * What users do with volumes, right and wrong, on one playground: all but the last leave it as it
 * was.
 */
@TestInstance(Lifecycle.PER_CLASS)
@TestMethodOrder(OrderAnnotation.class)
final class UseIT {
  private static final List<String> CHUNKSERVERS =
      List.of("chunkserver-1", "chunkserver-2", "chunkserver-3", "chunkserver-4");

  private static final String EIO = "Input/output error";

  private TestPlayground playground;

  @BeforeAll
  void make(@TempDir Path folder) throws Exception {
    playground =
        TestPlayground.up(
            folder, "--size", "128MiB", "--disk-size", "1GiB", "--hosts", "2", "--disks", "4");
  }

  @AfterAll
  void remove() throws Exception {
    playground.close();
  }

  @Test
  @Order(1)
  void anExclusiveVolumeHasOneHolderWhoIsNamed() throws Exception {
    assertThat(playground.status().get("processes")).hasSize(9);
    assertThat(playground.json("disk", "list").get("disks")).hasSize(4);
    playground.kurve("volume", "create", "mine", "--size", "64MiB").ok();
    playground.kurve("volume", "attach", "mine", "--host", "host-1").ok();

    Result second = playground.kurve("volume", "attach", "mine", "--host", "host-2");
    assertThat(second.exit()).isEqualTo(5);
    assertThat(second.err()).contains("host-1").containsPattern("since 20\\d\\d-");
    Result deleted = playground.kurve("volume", "delete", "mine");
    assertThat(deleted.exit()).isEqualTo(5);
    assertThat(deleted.err()).contains("host-1");

    playground.kurve("volume", "detach", "mine").ok();
    playground.kurve("volume", "attach", "mine", "--host", "host-2").ok();
    playground.kurve("volume", "detach", "mine").ok();
    playground.kurve("volume", "delete", "mine").ok();
    assertThat(playground.kurve("volume", "info", "mine").exit()).isEqualTo(3);
  }

  @Test
  @Order(2)
  void badInputGetsOneClearErrorAndChangesNothing() throws Exception {
    assertThat(playground.kurve("volume", "create", "zero", "--size", "0").exit()).isEqualTo(2);
    assertThat(playground.kurve("volume", "create", "demo", "--size", "1GiB").exit()).isEqualTo(4);
    assertThat(playground.kurve("volume", "attach", "nobody").exit()).isEqualTo(3);
    assertThat(playground.kurve("volume", "attach", "demo", "--host", "host-9").exit())
        .isEqualTo(3);
    Result shrunk = playground.kurve("volume", "resize", "demo", "--size", "16MiB");
    assertThat(shrunk.exit()).isEqualTo(2);
    assertThat(shrunk.err()).contains("128 MiB").contains("16 MiB");
    Result otherSize = playground.kurve("playground", "up", "--size", "64MiB");
    assertThat(otherSize.exit()).isEqualTo(4);
    assertThat(otherSize.err()).contains("128 MiB, not 64 MiB");
    Path disk = playground.directory().resolve("chunkserver-1/disk");
    Result inUse = Shell.kurve("store", "check", disk.toString());
    assertThat(inUse.exit()).isEqualTo(5);
    assertThat(inUse.err().lines()).hasSize(1);
    assertThat(playground.json("volume", "list").get("volumes")).hasSize(1);
    playground.awaitWhole();
  }

  @Test
  @Order(3)
  void whoIsOfAnotherClusterOrHasAnotherKeyIsRefused(@TempDir Path folder) throws Exception {
    String own = Files.readString(playground.directory().resolve("kurve.yaml"));
    Path ownKey = playground.directory().resolve("cluster.key");
    Path otherKey = folder.resolve("other.key");
    Files.writeString(otherKey, "ab".repeat(32) + "\n");
    Files.setPosixFilePermissions(otherKey, PosixFilePermissions.fromString("rw-------"));
    String address = playground.process("mds-1").get("address").asText();
    String cluster =
        own.lines().filter(line -> line.startsWith("cluster:")).findFirst().orElseThrow();
    Path badKey = clusterFile(folder.resolve("key.yaml"), address, cluster, otherKey);
    Path badCluster =
        clusterFile(
            folder.resolve("cluster.yaml"),
            address,
            "cluster: 00000000-0000-4000-8000-000000000001",
            ownKey);
    Path unknownKey = folder.resolve("unknown.yaml");
    Files.writeString(unknownKey, Files.readString(badKey) + "colour: red\n");
    for (Path bad : List.of(badKey, badCluster)) {
      Result refused = Shell.kurve("volume", "list", "--cluster", bad.toString());
      assertThat(refused.exit()).as(refused.err()).isEqualTo(8);
      assertThat(refused.err().lines()).hasSize(1);
    }
    Result unknown = Shell.kurve("volume", "list", "--cluster", unknownKey.toString());
    assertThat(unknown.exit()).isEqualTo(2);
    assertThat(unknown.err()).contains("colour");
  }

  private static Path clusterFile(Path file, String mds, String cluster, Path key)
      throws Exception {
    return Files.writeString(file, "mds: [\"" + mds + "\"]\n" + cluster + "\nkey: " + key + "\n");
  }

  @Test
  @Order(4)
  void garbageOnEveryPortDisturbsNobody() throws Exception {
    Set<Long> before = playground.pids();
    List<SocketAddress> doors = HostileInput.doors(playground);
    assertThat(doors).hasSize(1 + 1 + 4 * 3 + 2 * 2);
    String device = playground.device();
    Shell.Running fio =
        Shell.start(
            Fio.verify(device, "64m", "--time_based", "--runtime=15", "--verify_backlog=512"));
    Written written = new Written(device);
    written.awaitProgress(Duration.ofSeconds(10));
    try (HostileInput hostile = new HostileInput()) {
      for (SocketAddress door : doors) {
        hostile.hold(door);
        for (Map.Entry<String, byte[]> message : HostileInput.messages().entrySet()) {
          hostile.send(door, message.getValue());
        }
      }
      written.awaitProgress(Duration.ofSeconds(5));
      Shell.await(fio, Duration.ofMinutes(1)).ok();
      assertThat(playground.pids()).isEqualTo(before);
      assertThat(playground.health()).isEqualTo("ok");
      for (String process : List.of("mds-1", "chunkserver-1", "host-1")) {
        assertThat(playground.log(process)).doesNotContain("OutOfMemory");
      }
    }
  }

  @Test
  @Order(5)
  void theSpaceOfADeletedVolumeComesBackOnAKilledChunkserverToo() throws Exception {
    double[] before = slotsUsed();
    playground.kurve("volume", "create", "short-lived", "--size", "256MiB").ok();
    playground.kurve("volume", "attach", "short-lived").ok();
    Shell.run(
            "dd", "if=/dev/zero", "of=/dev/kurve/short-lived", "bs=16M", "count=16", "oflag=direct")
        .ok();
    playground.kurve("volume", "detach", "short-lived").ok();
    double used = 0;
    for (int i = 0; i < CHUNKSERVERS.size(); i++) {
      used += slotsUsed()[i] - before[i];
    }
    assertThat(used).isGreaterThanOrEqualTo(3 * 16);
    ProcessHandle second = playground.handle("chunkserver-2");
    // Its tombstone is there; what is freed is freed from now on.
    playground.kurve("volume", "delete", "short-lived").ok();
    TestPlayground.kill9(second);
    playground.upAgain();
    // Slots come back with a checkpoint, within a minute; one is written by an orderly stop, too.
    playground.awaitHealth("ok", Duration.ofSeconds(60));
    for (String chunkserver : CHUNKSERVERS) {
      ProcessHandle stopping = playground.handle(chunkserver);
      assertThat(stopping.destroy()).isTrue();
      stopping.onExit().get(30, TimeUnit.SECONDS);
    }
    playground.upAgain();
    Deadline.await(
        Duration.ofSeconds(120),
        "the space is free on every replica",
        () -> Arrays.equals(slotsUsed(), before));
  }

  private double[] slotsUsed() throws Exception {
    double[] used = new double[CHUNKSERVERS.size()];
    for (int i = 0; i < used.length; i++) {
      used[i] = playground.metric(CHUNKSERVERS.get(i), "kurve_chunkserver_slots_used", "");
    }
    return used;
  }

  @Test
  @Order(6)
  void aMeasurementThatIsEndedTakesItsVolumeAwayAndWhatAKilledOneLeavesTheNextOneDoes()
      throws Exception {
    Shell.Running ended = bench("--seconds", "60");
    awaitVolumes(2);
    ended.process().destroy();
    assertThat(ended.process().waitFor(30, TimeUnit.SECONDS)).isTrue();
    Shell.end(ended);
    awaitVolumes(1);

    Shell.Running killed = bench("--seconds", "60");
    Deadline.await(
        Duration.ofSeconds(60), "a measurement has its volume open", () -> benchState("open"));
    Shell.end(killed);
    Deadline.await(Duration.ofSeconds(60), "its lease is over", () -> benchState("lease_expired"));
    JsonNode figures =
        playground.json(
            "bench",
            "--op",
            "randread",
            "--size",
            "4KiB",
            "--depth",
            "4",
            "--seconds",
            "1",
            "--warm-up",
            "0",
            "--volume-size",
            "16MiB");
    assertThat(figures.get("iops").asDouble()).isPositive();
    assertThat(figures.get("errors").asLong()).isZero();
    assertThat(figures.get("p50_us").asDouble())
        .isLessThanOrEqualTo(figures.get("p99_us").asDouble());
    assertThat(figures.get("cpu_us_per_op").asDouble()).isPositive();
    assertThat(figures.get("bytes_per_s").asDouble()).isPositive();
    awaitVolumes(1);
  }

  private Shell.Running bench(String... more) throws Exception {
    return Shell.start(
        Stream.concat(
                Stream.of(
                    Shell.ROOT.resolve("kurve").toString(),
                    "bench",
                    "--volume-size",
                    "16MiB",
                    "--dir",
                    playground.directory().toString()),
                Stream.of(more))
            .toArray(String[]::new));
  }

  private void awaitVolumes(int count) throws Exception {
    Deadline.await(
        Duration.ofSeconds(60),
        count + " volumes",
        () -> playground.json("volume", "list").get("volumes").size() == count);
  }

  private boolean benchState(String state) throws Exception {
    return StreamSupport.stream(
            playground.json("volume", "list").get("volumes").spliterator(), false)
        .filter(volume -> volume.get("name").asText().startsWith("bench-"))
        .anyMatch(volume -> volume.get("attachments").toString().contains("\"" + state + "\""));
  }

  @Test
  @Order(7)
  void theMachineIsMeasuredWithoutKurve(@TempDir Path folder) throws Exception {
    Result measured =
        Shell.kurve(
            "bench", "machine", "--folder", folder.toString(), "--seconds", "1", "-o", "json");
    JsonNode figures = new ObjectMapper().readTree(measured.ok().out());
    for (String figure :
        List.of(
            "chain_p50_us",
            "chain_ops",
            "sync_append_p50_us",
            "round_trip_p50_us",
            "randread_p50_us",
            "randread_ops",
            "randwrite_p50_us",
            "randwrite_ops",
            "sequential_write_bytes_per_s",
            "sequential_read_bytes_per_s")) {
      assertThat(figures.get(figure).asDouble()).as(figure).isPositive();
    }
    assertThat(folder).isEmptyDirectory();
    assertThat(playground.kurve("playground", "logs", "mds-1").ok().out()).contains("INFO");
  }

  @Test
  @Order(8)
  void rule22WhatAHostThatWasCutOffStillHasToWriteHurtsNobody(@TempDir Path folder)
      throws Exception {
    String old = playground.device();
    Shell.run("mkfs.ext4", "-q", "-F", old).ok();
    Path mnt = playground.mount();
    Path contested = random(mnt.resolve("contested"), "conv=fsync");
    List<String> metrics = new ArrayList<>();
    for (String chunkserver : CHUNKSERVERS) {
      metrics.add(playground.process(chunkserver).get("metrics").asText());
    }
    double before = fenced(metrics);
    ProcessHandle host = playground.handle("host-1");
    ProcessHandle mds = playground.handle("mds-1");
    random(contested, "conv=notrunc");
    random(mnt.resolve("late"));
    TestPlayground.signal(host, "STOP");
    Shell.Running late = Shell.start("sync", "--data", contested.toString());
    byte[] theirs;
    String device;
    try {
      playground.kurve("volume", "detach", "demo", "--force").ok();
      JsonNode attached = playground.json("volume", "attach", "demo", "--host", "host-2");
      device = attached.get("device").asText();
      assertThat(device).isNotEqualTo(old);
      assertThat(Path.of("/dev/kurve/demo").toRealPath()).hasToString(device);
      Shell.run("mount", device, folder.toString()).ok();
      theirs = Files.readAllBytes(random(folder.resolve("contested"), "conv=notrunc,fsync"));
      random(folder.resolve("other"), "conv=fsync");
      assertThat(late.process().isAlive()).isTrue();
      // What it must be refused by is the copysets, not what the MDS tells it in time.
      TestPlayground.signal(mds, "STOP");
      TestPlayground.signal(host, "CONT");
      assertThat(refused(() -> Shell.await(late, Duration.ofSeconds(30)))).contains(EIO);
      assertThat(refused(() -> Shell.run("dd", "if=" + old, "of=/dev/null", "iflag=direct")))
          .contains(EIO);
      // What the file system says that gave up meanwhile is its own.
      String ignored = refused(() -> Shell.run("sync", mnt.resolve("late").toString()));
      Shell.run("umount", mnt.toString()).ok();
      assertThat(fenced(metrics)).isGreaterThan(before);
    } finally {
      TestPlayground.signal(host, "CONT");
      TestPlayground.signal(mds, "CONT");
      Shell.run("umount", folder.toString()).ok();
    }
    assertThat(playground.device()).isEqualTo(device);
    Shell.run("e2fsck", "-fn", device).ok();
    Shell.run("mount", device, folder.toString()).ok();
    try {
      assertThat(folder.resolve("contested")).hasBinaryContent(theirs);
    } finally {
      Shell.run("umount", folder.toString()).ok();
    }
    playground.kurve("volume", "detach", "demo").ok();
    playground.kurve("volume", "attach", "demo", "--host", "host-1").ok();
  }

  private static Path random(Path file, String... how) throws Exception {
    Shell.run(
            Stream.concat(
                    Stream.of("dd", "if=/dev/urandom", "of=" + file, "bs=1M", "count=4"),
                    Stream.of(how))
                .toArray(String[]::new))
        .ok();
    return file;
  }

  /** How often chunkservers refused who is fenced. */
  private static double fenced(List<String> metrics) throws Exception {
    double sum = 0;
    for (String address : metrics) {
      sum +=
          TestPlayground.metricAt(address, "kurve_chunkserver_replies_total", "outcome=\"fenced\"");
    }
    return sum;
  }

  private interface Command {
    Result run() throws Exception;
  }

  /** What a command that fails within a second has to say. */
  private static String refused(Command command) throws Exception {
    long start = System.nanoTime();
    Result result = command.run();
    Duration took = Duration.ofNanos(System.nanoTime() - start);
    System.out.printf("%s was refused after %d ms%n", result.command(), took.toMillis());
    assertThat(result.exit()).isNotZero();
    assertThat(took).isLessThan(Duration.ofSeconds(1));
    return result.err();
  }

  @Test
  @Order(9)
  void aStalledVolumeIsDetachedByForceAndTheClusterGoesDown() throws Exception {
    String device = playground.device();
    playground.kill9("chunkserver-1");
    playground.kill9("chunkserver-2");
    playground.kill9("chunkserver-3");
    Shell.Running stalled =
        Shell.start("dd", "if=/dev/zero", "of=" + device, "bs=4k", "count=16", "oflag=direct");
    playground.awaitHealth("stalled", Duration.ofSeconds(30));
    assertThat(stalled.process().isAlive()).isTrue();
    playground.kurve("playground", "down").ok();
    assertThat(Shell.await(stalled, Duration.ofSeconds(10)).err()).contains(EIO);
  }
}
