package io.kurve.dist.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Processes die under I/O. */
final class FailureIT {
  private static final Duration RESUMES = Duration.ofSeconds(5);

  @TempDir Path folder = Path.of("");

  @Test
  void aKilledChunkserverIsNotNoticedByFio() throws Exception {
    try (TestPlayground playground =
        TestPlayground.up(folder, "--size", "512MiB", "--disk-size", "2GiB")) {
      ProcessHandle second = playground.handle("chunkserver-2");
      Shell.Running fio =
          Shell.start(
              Fio.verify(
                  playground.device(),
                  "256m",
                  "--time_based",
                  "--runtime=20",
                  "--verify_backlog=512"));
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
  }

  @Test
  void twoKilledChunkserversStallIoUntilOneIsBack() throws Exception {
    try (TestPlayground playground =
        TestPlayground.up(folder, "--size", "512MiB", "--disk-size", "2GiB")) {
      ProcessHandle first = playground.handle("chunkserver-1");
      ProcessHandle third = playground.handle("chunkserver-3");
      Shell.Running fio = Shell.start(Fio.verify(playground.device(), "64m"));
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
  }

  @Test
  void aKilledMdsStopsNoIo() throws Exception {
    try (TestPlayground playground =
        TestPlayground.up(folder, "--size", "256MiB", "--disk-size", "2GiB")) {
      Shell.run(Fio.verify(playground.device(), "64m")).ok();
      playground.kill9("mds-1");
      Shell.run(Fio.verify(playground.device(), "64m")).ok();
      playground.upAgain();
      playground.awaitHealth("ok", Duration.ofSeconds(30));
      Shell.run(Fio.verify(playground.device(), "64m")).ok();
    }
  }

  @Test
  void whatWasAcknowledgedIsThereAfterEverythingWasKilled() throws Exception {
    try (TestPlayground playground =
        TestPlayground.up(folder, "--size", "512MiB", "--disk-size", "2GiB")) {
      Shell.run("mkfs.ext4", "-q", playground.device()).ok();
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
      playground.unmount();

      playground.upAgain();
      Path again = playground.mount();
      Shell.run(Fio.verify(again + "/before", "32m", "--verify_only")).ok();
      playground.unmount();
      Shell.run("e2fsck", "-fn", playground.device()).ok();
    }
  }
}
