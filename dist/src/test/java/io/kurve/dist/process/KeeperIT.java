package io.kurve.dist.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.kurve.dist.process.Shell.Result;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.io.TempDir;

/** A volume host goes, in order or not, and another goes on with its devices under I/O. */
@Tag("long")
@TestInstance(Lifecycle.PER_CLASS)
final class KeeperIT {
  private static final Duration LONGEST_STALL = Duration.ofSeconds(3);
  private static final Duration RESUMES = Duration.ofSeconds(20);

  /** So long a host lives before its end: one that ends sooner is started again more slowly. */
  private static final Duration SETTLES = Duration.ofSeconds(6);

  private TestPlayground playground;

  @BeforeAll
  void make(@TempDir Path folder) throws Exception {
    playground = TestPlayground.up(folder, "--size", "512MiB", "--disk-size", "2GiB");
  }

  @BeforeEach
  void awaitWhole() throws Exception {
    playground.upAgain();
    playground.awaitWhole();
  }

  @AfterAll
  void remove() throws Exception {
    playground.close();
  }

  private interface End {
    void of(ProcessHandle host) throws Exception;
  }

  @Test
  void rule29ThreeVolumeHostsKilledUnderFioAreNotNoticed() throws Exception {
    endUnderFio("kill -9", 3, TestPlayground::kill9);
  }

  @Test
  void rule29AGracefulRestartIsNotNoticed() throws Exception {
    endUnderFio("SIGTERM", 2, host -> TestPlayground.signal(host, "TERM"));
  }

  @Test
  void rule29AReplacedVolumeHostIsNotNoticed() throws Exception {
    endUnderFio("kurve keeper --replace", 2, host -> replace().ok());
  }

  @Test
  void rule29AStoppedVolumeHostDoesNotComeBack() throws Exception {
    Shell.Running fio = fio("40");
    Written written = new Written(playground.device());
    ProcessHandle host = playground.handle("host-1");
    written.awaitProgress(Duration.ofSeconds(20));
    TestPlayground.signal(host, "STOP");
    replace().ok();
    assertThat(host.isAlive()).isFalse();
    Shell.run("kill", "-CONT", Long.toString(host.pid())); // there is nobody
    written.awaitProgress(RESUMES);
    Shell.await(fio, Duration.ofMinutes(3)).ok();
  }

  @Test
  void rule31AKeeperThatDiesIsReplacedAndGetsAllFromTheHost() throws Exception {
    Shell.Running fio = fio("60");
    Written written = new Written(playground.device());
    ProcessHandle host = playground.handle("host-1");
    ProcessHandle keeper = playground.handle("keeper-1");
    written.awaitProgress(Duration.ofSeconds(20));
    TestPlayground.kill9(keeper);
    written.awaitProgress(RESUMES);
    assertThat(host.isAlive()).isTrue();
    playground.upAgain();
    assertThat(playground.handle("host-1")).as("it served on").isEqualTo(host);
    Deadline.await(
        Duration.ofSeconds(10),
        "the next keeper holds the device",
        () -> playground.log("host-1").contains("another keeper holds 1 attachments"));
    TestPlayground.kill9(host);
    written.awaitProgress(RESUMES);
    Shell.await(fio, Duration.ofMinutes(3)).ok();
  }

  @Test
  void aHostThatIsKilledWhileADetachWritesOutIsFollowedByAnother() throws Exception {
    String device = playground.device();
    List<ProcessHandle> away = new ArrayList<>();
    for (int i = 1; i <= 3; i++) {
      away.add(playground.handle("chunkserver-" + i));
    }
    ProcessHandle host = playground.handle("host-1");
    Shell.run("dd", "if=/dev/zero", "of=" + device, "bs=1M", "count=8", "conv=fsync").ok();
    Shell.Running detach;
    try {
      for (ProcessHandle chunkserver : away) {
        TestPlayground.signal(chunkserver, "STOP");
      }
      Shell.run("dd", "if=" + Shell.ROOT.resolve("README.md"), "of=" + device, "bs=64k").ok();
      detach = playground.start("volume", "detach", "demo");
      Deadline.await(Duration.ofSeconds(30), "it is written out", () -> writesOut(device));
      TestPlayground.kill9(host);
      Deadline.await(
          Duration.ofSeconds(10),
          "another host serves it",
          () -> playground.log("host-1").contains("volume demo goes on"));
    } finally {
      for (ProcessHandle chunkserver : away) {
        TestPlayground.signal(chunkserver, "CONT");
      }
    }
    Result detached = Shell.await(detach, Duration.ofMinutes(1));
    System.out.println("the detach whose host was killed: " + detached.err());
    Deadline.await(Duration.ofSeconds(30), "it is written", () -> !writesOut(device));
    Shell.run("cmp", "-n", "4096", Shell.ROOT.resolve("README.md").toString(), device).ok();
    playground.kurve("volume", "detach", "demo").ok();
    playground.kurve("volume", "attach", "demo").ok();
    Path again = Path.of(playground.device());
    Shell.run("cmp", "-n", "4096", Shell.ROOT.resolve("README.md").toString(), again.toString())
        .ok();
  }

  @Test
  void rule29AHostThatWasFencedWhileItWasDownIsFollowedByErrorsOnly() throws Exception {
    String device = playground.device();
    ProcessHandle host = playground.handle("host-1");
    ProcessHandle keeper = playground.handle("keeper-1");
    Shell.Running writer =
        Shell.start("dd", "if=/dev/zero", "of=" + device, "bs=4k", "count=64k", "oflag=direct");
    new Written(device).awaitProgress(Duration.ofSeconds(20));
    TestPlayground.signal(keeper, "STOP"); // nobody follows yet
    try {
      assertThat(host.destroyForcibly()).isTrue();
      // Nobody but its keeper can take it away, but it runs no more and has nothing open.
      Deadline.await(
          Duration.ofSeconds(10),
          "the host is dead",
          () -> TestPlayground.commandLine(host.pid()).isEmpty());
      playground.kurve("volume", "detach", "demo", "--force").ok();
    } finally {
      TestPlayground.signal(keeper, "CONT");
    }
    assertThat(Shell.await(writer, RESUMES).err()).contains("Input/output error");
    Result read = Shell.run("dd", "if=" + device, "of=/dev/null", "count=1", "iflag=direct");
    assertThat(read.exit()).isNotZero();
    playground.kurve("volume", "attach", "demo").ok();
    Shell.run("dd", "if=" + playground.device(), "of=/dev/null", "count=1", "iflag=direct").ok();
  }

  private static boolean writesOut(String device) {
    return ProcessHandle.allProcesses()
        .map(process -> TestPlayground.commandLine(process.pid()))
        .anyMatch(line -> line.startsWith("sync\0") && line.contains(device + "\0"));
  }

  private void endUnderFio(String how, int times, End end) throws Exception {
    String device = playground.device();
    Shell.Running fio = fio(Long.toString(20 + 10L * times));
    Written written = new Written(device);
    written.awaitProgress(Duration.ofSeconds(20));
    for (int i = 0; i < times; i++) {
      ProcessHandle host = playground.handle("host-1");
      Instant settled = host.info().startInstant().orElseThrow().plus(SETTLES);
      Deadline.await(
          SETTLES.plusSeconds(10), "the host has settled", () -> Instant.now().isAfter(settled));
      try (StallWatch watch = StallWatch.of(written::sectors)) {
        end.of(host);
        host.onExit().get();
        written.awaitProgress(RESUMES);
        Duration stall = watch.longest();
        System.out.printf(
            "%s of the volume host: I/O stood still for %d ms%n", how, stall.toMillis());
        assertThat(stall).isLessThan(LONGEST_STALL);
      }
    }
    Shell.await(fio, Duration.ofMinutes(3)).ok();
    assertThat(playground.device()).as("the same one all the time").isEqualTo(device);
  }

  private Result replace() throws Exception {
    return Shell.kurve(
        "keeper",
        "--replace",
        "--socket",
        playground.directory().resolve("host-1/run/fd.sock").toString());
  }

  private Shell.Running fio(String seconds) throws Exception {
    return Shell.start(
        Fio.verify(
            playground.device(),
            "256m",
            "--time_based",
            "--runtime=" + seconds,
            "--verify_backlog=512"));
  }
}
