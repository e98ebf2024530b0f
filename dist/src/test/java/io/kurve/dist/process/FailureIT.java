package io.kurve.dist.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.kurve.dist.process.Shell.Result;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.io.TempDir;

/** Processes die, hang and move under I/O, on one playground: each test begins with a whole one. */
@TestInstance(Lifecycle.PER_CLASS)
final class FailureIT {
  private static final Duration RESUMES = Duration.ofSeconds(5);

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

  @Test
  void aKilledChunkserverIsNotNoticedByFio() throws Exception {
    ProcessHandle second = playground.handle("chunkserver-2");
    Shell.Running fio = fio("256m", "--time_based", "--runtime=20", "--verify_backlog=512");
    Written written = new Written(playground.device());
    written.awaitProgress(Duration.ofSeconds(10));
    TestPlayground.kill9(second);
    written.awaitProgress(RESUMES);
    playground.upAgain();
    Shell.await(fio, Duration.ofMinutes(2)).ok();

    playground.awaitHealth("ok", Duration.ofSeconds(60));
    assertThat(playground.metric("chunkserver-2", "kurve_catch_up_bytes_total", "kind=\"full\""))
        .isZero();
    assertThat(
            playground.metric("chunkserver-2", "kurve_catch_up_bytes_total", "kind=\"log\"")
                + playground.metric(
                    "chunkserver-2", "kurve_catch_up_bytes_total", "kind=\"delta\""))
        .isPositive();
  }

  @Test
  void aChunkserverThatHangsIsNotNoticedByFio() throws Exception {
    for (String name : List.of("chunkserver-1", "chunkserver-3")) {
      ProcessHandle hangs = playground.handle(name);
      Shell.Running fio = fio("256m", "--time_based", "--runtime=15", "--verify_backlog=512");
      try {
        Written written = new Written(playground.device());
        written.awaitProgress(Duration.ofSeconds(10));
        TestPlayground.signal(hangs, "STOP");
        // What it leads stalls first: so more than what was in flight must be written, twice.
        written.awaitProgress(RESUMES);
        written.awaitProgress(RESUMES);
        Deadline.await(
            Duration.ofSeconds(10), "the MDS misses it", () -> !playground.health().equals("ok"));
        written.awaitProgress(RESUMES);
      } finally {
        TestPlayground.signal(hangs, "CONT");
      }
      Shell.await(fio, Duration.ofMinutes(2)).ok();
      playground.awaitWhole();
    }
  }

  @Test
  void rule18TwoChunkserversSwapAddressesUnderLoad() throws Exception {
    List<ProcessHandle> swapped = new ArrayList<>();
    List<ProcessHandle> both =
        List.of(playground.handle("chunkserver-1"), playground.handle("chunkserver-2"));
    List<String> first = command("chunkserver-1");
    List<String> second = command("chunkserver-2");
    Shell.Running fio = fio("64m", "--time_based", "--runtime=20", "--verify_backlog=512");
    try {
      Written written = new Written(playground.device());
      written.awaitProgress(Duration.ofSeconds(10));
      for (ProcessHandle process : both) {
        TestPlayground.kill9(process);
      }
      swapped.add(start(withPortsOf(first, second)));
      swapped.add(start(withPortsOf(second, first)));
      written.awaitProgress(Duration.ofSeconds(40));
      Shell.await(fio, Duration.ofMinutes(2)).ok();
      playground.awaitHealth("ok", Duration.ofSeconds(60));
    } finally {
      for (ProcessHandle process : swapped) {
        TestPlayground.kill9(process);
      }
    }
    playground.upAgain();
    playground.awaitWhole();
    Shell.run("dd", "if=" + playground.device(), "of=/dev/null", "bs=1M", "count=64").ok();
  }

  private List<String> command(String name) throws Exception {
    String line = TestPlayground.commandLine(playground.handle(name).pid());
    return List.of(line.split("\0"));
  }

  private static List<String> withPortsOf(List<String> command, List<String> other) {
    List<String> mixed = new ArrayList<>(command);
    for (String option : List.of("--data-port", "--control-port", "--metrics-port")) {
      mixed.set(command.indexOf(option) + 1, other.get(other.indexOf(option) + 1));
    }
    return mixed;
  }

  private static ProcessHandle start(List<String> command) throws Exception {
    return new ProcessBuilder(command)
        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
        .redirectError(ProcessBuilder.Redirect.DISCARD)
        .start()
        .toHandle();
  }

  @Test
  void twoKilledChunkserversStallIoUntilOneIsBack() throws Exception {
    ProcessHandle first = playground.handle("chunkserver-1");
    ProcessHandle third = playground.handle("chunkserver-3");
    Shell.Running fio = fio("64m");
    Written written = new Written(playground.device());
    written.awaitProgress(Duration.ofSeconds(10));
    TestPlayground.kill9(first);
    TestPlayground.kill9(third);
    playground.awaitHealth("stalled", Duration.ofSeconds(30));
    assertThat(fio.process().isAlive()).isTrue();
    long stalledAt = written.sectors();
    playground.upAgain();
    Deadline.await(Duration.ofSeconds(20), "writes go on", () -> written.sectors() > stalledAt);
    Shell.await(fio, Duration.ofMinutes(2)).ok();
  }

  @Test
  void aKilledMdsStopsNoIo() throws Exception {
    Shell.run(Fio.verify(playground.device(), "64m")).ok();
    playground.kill9("mds-1");
    Shell.run(Fio.verify(playground.device(), "64m")).ok();
    playground.upAgain();
    playground.awaitHealth("ok", Duration.ofSeconds(30));
    Shell.run(Fio.verify(playground.device(), "64m")).ok();
  }

  @Test
  void whatWasAcknowledgedIsThereAfterEverythingWasKilled() throws Exception {
    Shell.run("mkfs.ext4", "-q", "-F", playground.device()).ok();
    Path mnt = playground.mount();
    Shell.run(Fio.verify(mnt + "/before", "32m", "--end_fsync=1")).ok();
    List<ProcessHandle> everything = playground.handles();
    Shell.Running fio =
        Shell.start(Fio.verify(mnt + "/during", "64m", "--time_based", "--runtime=60"));
    new Written(playground.device()).awaitProgress(Duration.ofSeconds(10));
    for (ProcessHandle process : everything) {
      TestPlayground.kill9(process);
    }
    assertThat(Shell.await(fio, Duration.ofMinutes(1)).exit()).isNotZero();
    for (Result refused :
        List.of(
            playground.kurve("playground", "down"),
            playground.kurve("playground", "destroy", "--yes"))) {
      assertThat(refused.exit()).isEqualTo(5);
      assertThat(refused.err()).contains("mounted at " + mnt);
    }
    playground.unmount();

    playground.upAgain();
    Path again = playground.mount();
    Shell.run(Fio.verify(again + "/before", "32m", "--verify_only")).ok();
    playground.unmount();
    Shell.run("e2fsck", "-fn", playground.device()).ok();
  }

  /** As a power cut of all machines at once, but for what the kernel still has of files. */
  @Test
  void everyNumberThatWasAcknowledgedIsThereAfterEverythingWasKilled() throws Exception {
    Shell.run("blkdiscard", "-f", "-z", "-l", "16MiB", playground.device()).ok();
    NumberedWrites writes = new NumberedWrites();
    // The keeper first: it would start another host.
    List<ProcessHandle> everything = new ArrayList<>(List.of(playground.handle("keeper-1")));
    everything.addAll(playground.handles());
    writes.start(playground.device());
    Deadline.await(
        Duration.ofSeconds(60), "numbers are acknowledged", () -> writes.acknowledged() > 3000);
    everything.forEach(ProcessHandle::destroyForcibly);
    for (ProcessHandle process : everything) {
      process.onExit().get();
    }
    writes.awaitEnd();
    System.out.printf("%d writes were acknowledged%n", writes.acknowledged());
    playground.upAgain();
    writes.verify(playground.device());
  }

  private Shell.Running fio(String size, String... more) throws Exception {
    return Shell.start(Fio.verify(playground.device(), size, more));
  }
}
