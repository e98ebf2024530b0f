package io.kurve.dist.process;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.kurve.dist.process.Shell.Result;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer.OrderAnnotation;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/**
 * One host has a volume and writes; another one takes it over: while the first one lives, while it
 * is silent, and when it is dead. The volume goes forth and back.
 */
@Tag("long")
@TestInstance(Lifecycle.PER_CLASS)
@TestMethodOrder(OrderAnnotation.class)
final class TakeOverIT {
  /** From a host's death to the first write of the next. */
  private static final Duration LONGEST = Duration.ofSeconds(15);

  private static final String EIO = "Input/output error";

  @TempDir Path folder = Path.of("/");
  private TestPlayground playground;

  @BeforeAll
  void make(@TempDir Path folder) throws Exception {
    playground =
        TestPlayground.up(folder, "--size", "64MiB", "--disk-size", "1GiB", "--hosts", "2");
  }

  @AfterAll
  void remove() throws Exception {
    playground.close();
  }

  @Test
  @Order(1)
  void rule19AHostThatLivesKeepsTheVolumeUntilItIsTakenOver() throws Exception {
    String old = playground.device();
    NumberedWrites writes = begin(old);
    Result refused = playground.kurve("volume", "attach", "demo", "--host", "host-2");
    assertThat(refused.exit()).isEqualTo(5);
    assertThat(refused.err()).contains("host-1").containsPattern("since 20\\d\\d-");
    assertThat(refused.err()).contains("--take-over");
    long before = writes.acknowledged();

    long begin = System.nanoTime();
    String device = take("host-2", "--take-over");
    writeAtTheEnd(device);
    System.out.printf(
        "taken over from a living host: %d ms to the next one's first write%n", millisSince(begin));
    writes.awaitEnd();
    assertThat(writes.acknowledged()).isGreaterThan(before);
    writes.verify(device);
    assertDead(old, device);
  }

  @Test
  @Order(2)
  void rule19And22ASilentHostLosesTheVolumeAndIsRefusedWhenItIsBack() throws Exception {
    String old = playground.device();
    List<String> metrics = new ArrayList<>();
    for (int i = 1; i <= 3; i++) {
      metrics.add(playground.process("chunkserver-" + i).get("metrics").asText());
    }
    ProcessHandle host = playground.handle("host-2");
    ProcessHandle mds = playground.handle("mds-1");
    double before = fenced(metrics);
    NumberedWrites writes = begin(old);
    Path theirs = folder.resolve("theirs");
    String device;
    TestPlayground.signal(host, "STOP");
    long begin = System.nanoTime();
    try {
      device = takeWhenItsLeaseIsOver("host-1", "host-2");
      writeAtTheEnd(device);
      assertInTime("SIGSTOP", begin);
      writes.verify(device);
      Shell.run("dd", "if=/dev/urandom", "of=" + theirs, "bs=1M", "count=64").ok();
      Shell.run("dd", "if=" + theirs, "of=" + device, "bs=1M", "oflag=direct").ok();
      // What it must be refused by is the copysets, not what the MDS tells it in time.
      TestPlayground.signal(mds, "STOP");
      TestPlayground.signal(host, "CONT");
      writes.awaitEnd();
      assertThat(fenced(metrics)).isGreaterThan(before);
    } finally {
      TestPlayground.signal(host, "CONT");
      TestPlayground.signal(mds, "CONT");
    }
    assertDead(old, device);
    Shell.run("cmp", theirs.toString(), device).ok();
  }

  @Test
  @Order(3)
  void rule19TheVolumeOfAKilledHostIsWrittenByTheNextWithin15Seconds() throws Exception {
    NumberedWrites writes = begin(playground.device());
    ProcessHandle host = playground.handle("host-1");
    TestPlayground.kill9(playground.handle("keeper-1")); // nobody follows on the same machine
    long begin = System.nanoTime();
    TestPlayground.kill9(host);
    writes.awaitEnd();
    String device = takeWhenItsLeaseIsOver("host-2", "host-1");
    writeAtTheEnd(device);
    assertInTime("kill -9", begin);
    writes.verify(device);
    assertThat(playground.json("volume", "info", "demo").get("attachments"))
        .singleElement()
        .satisfies(left -> assertThat(left.get("host").asText()).isEqualTo("host-2"));
  }

  private static NumberedWrites begin(String device) throws Exception {
    Shell.run("dd", "if=/dev/zero", "of=" + device, "bs=1M", "count=16", "oflag=direct").ok();
    NumberedWrites writes = new NumberedWrites();
    writes.start(device);
    Deadline.await(
        Duration.ofSeconds(60), "writes are acknowledged", () -> writes.acknowledged() > 2000);
    return writes;
  }

  /** Another program finds out that it may: each refusal says who has the volume. */
  private String takeWhenItsLeaseIsOver(String host, String loser) throws Exception {
    long end = System.nanoTime() + LONGEST.multipliedBy(2).toNanos();
    while (true) {
      Result attached = playground.kurve("volume", "attach", "demo", "--host", host, "-o", "json");
      if (attached.exit() == 0) {
        return deviceOf(attached);
      }
      assertThat(attached.exit()).as(attached.err()).isEqualTo(5);
      assertThat(attached.err()).contains(loser);
      assertThat(System.nanoTime()).isLessThan(end);
    }
  }

  private String take(String host, String... how) throws Exception {
    List<String> command =
        new ArrayList<>(List.of("volume", "attach", "demo", "--host", host, "-o", "json"));
    command.addAll(List.of(how));
    return deviceOf(playground.kurve(command.toArray(String[]::new)).ok());
  }

  private static String deviceOf(Result attached) throws Exception {
    JsonNode device = new ObjectMapper().readTree(attached.out());
    return device.get("device").asText();
  }

  /** Where no numbers are. */
  private static void writeAtTheEnd(String device) throws Exception {
    Shell.run(
            "dd",
            "if=/dev/urandom",
            "of=" + device,
            "bs=4k",
            "count=1",
            "seek=16383",
            "oflag=direct",
            "conv=notrunc")
        .ok();
  }

  private static long millisSince(long begin) {
    return Duration.ofNanos(System.nanoTime() - begin).toMillis();
  }

  private static void assertInTime(String how, long begin) {
    long millis = millisSince(begin);
    System.out.printf(
        "%s of a volume host: %d ms to the first acknowledged write of the next%n", how, millis);
    assertThat(millis).isLessThanOrEqualTo(LONGEST.toMillis());
  }

  /** Who had it answers errors, at once; its name leads to the next one's device. */
  private static void assertDead(String old, String device) throws Exception {
    assertThat(device).isNotEqualTo(old);
    assertThat(Path.of("/dev/kurve/demo").toRealPath()).hasToString(device);
    for (String[] use :
        List.of(
            new String[] {"dd", "if=" + old, "of=/dev/null", "count=8", "iflag=direct"},
            new String[] {"dd", "if=/dev/zero", "of=" + old, "count=8", "oflag=direct"})) {
      Result refused = Shell.run(Duration.ofSeconds(5), use);
      assertThat(refused.exit()).isNotZero();
      assertThat(refused.err()).contains(EIO);
    }
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
}
