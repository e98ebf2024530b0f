package io.kurve.blockdev.host;

import static org.assertj.core.api.Assertions.assertThat;

import io.kurve.blockdev.keeper.KeptAttachment;
import io.kurve.blockdev.posix.DescriptorOwner;
import io.kurve.blockdev.posix.MountTable;
import io.kurve.blockdev.posix.Posix;
import io.kurve.core.metadata.VolumeHostService.AttachedDevice;
import io.kurve.core.time.SystemRandom;
import io.prometheus.client.CollectorRegistry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Hosts in processes of their own go on with each other's device, under a real keeper and fio. */
@Timeout(180)
class HandOverTest {
  private static final String MAIN = "io.kurve.blockdev.keeper.KeeperMain";

  @TempDir Path directory = Path.of("/");

  /** A volume host without a cluster. */
  static final class Host {
    private Host() {}

    public static void main(String[] args) throws Exception {
      Path directory = Path.of(args[0]);
      DescriptorOwner descriptors = new DescriptorOwner(new Posix());
      KeeperLink link = KeeperLink.connect(directory.resolve("keeper.sock"), descriptors);
      List<KeptAttachment> left = link.succeed();
      RunDirectory run = RunDirectory.lock(directory.resolve("run"));
      BlockDevices kernel =
          BlockDevices.in(
              run,
              directory.resolve("links"),
              new BlockDevices.Held(descriptors, link),
              new Posix(),
              new CollectorRegistry(),
              (what, cause) -> new AssertionError(what, cause));
      ExecutorService executor = Executors.newFixedThreadPool(4);
      GivingUp givingUp = new GivingUp(new SystemRandom());
      VolumeHost host =
          new VolumeHost(
              new Openings(
                  (name, request, takeOver) -> CompletableFuture.completedFuture(volume(directory)),
                  run,
                  kernel.devices(),
                  givingUp),
              kernel.devices(),
              givingUp,
              executor,
              VolumeHost.Patience.STANDARD);
      Inheritance inheritance =
          new Inheritance(
              kernel.mounts(),
              kernel.devices(),
              descriptors,
              link,
              resumption -> {
                try {
                  return CompletableFuture.completedFuture(new FileVolume(directory, resumption));
                } catch (IOException e) {
                  throw new UncheckedIOException(e);
                }
              });
      boolean old = args.length > 1; // as a kernel before 6.9 makes it
      List<KeptAttachment> known = old ? left.stream().map(Host::notResent).toList() : left;
      kernel.leftovers().keep(inheritance.goOn(known, host));
      kernel.leftovers().clear();
      AttachedDevice device = HostFixture.await(host.attach("demo"));
      link.serve(
          () -> {
            try {
              host.handOver(Duration.ofSeconds(2));
            } catch (InterruptedException e) {
              throw new IllegalStateException(e);
            }
            Runtime.getRuntime().halt(75);
          },
          () -> {
            host.shutDown();
            Runtime.getRuntime().halt(0);
          });
      Path started = directory.resolve("started.new");
      Files.writeString(started, ProcessHandle.current().pid() + " " + device.device());
      Files.move(started, directory.resolve("started"), StandardCopyOption.ATOMIC_MOVE);
      Thread.currentThread().join();
    }

    private static KeptAttachment notResent(KeptAttachment kept) {
      KeptAttachment.KernelTerms terms = kept.kernel();
      return new KeptAttachment(
          kept.attachment(),
          kept.volume(),
          kept.device(),
          new KeptAttachment.KernelTerms(terms.maxBackground(), terms.maxWriteBytes(), false));
    }

    private static FileVolume volume(Path directory) {
      try {
        return new FileVolume(directory, 7);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  @Test
  void rule29HostsGoInEveryWayAndFioSeesNothing() throws Exception {
    Process keeper = startKeeper();
    try {
      Serving first = awaitOther(0);
      Process fio = fio(first.device());
      assertThat(fio.waitFor(1, TimeUnit.SECONDS)).isFalse();
      HostFixture.run("kill", "-KILL", Long.toString(first.pid()));
      Serving second = awaitOther(first.pid());
      assertThat(second.device()).isEqualTo(first.device());
      assertThat(fio.waitFor(1, TimeUnit.SECONDS)).isFalse();
      HostFixture.run("kill", "-STOP", Long.toString(second.pid()));
      replace();
      assertThat(ProcessHandle.of(second.pid())).as("it must not come back").isEmpty();
      Serving third = awaitOther(second.pid());
      assertThat(fio.waitFor(1, TimeUnit.SECONDS)).isFalse();
      replace();
      Serving fourth = awaitOther(third.pid());
      assertThat(fourth.device()).isEqualTo(first.device());
      assertThat(fio.waitFor(60, TimeUnit.SECONDS)).isTrue();
      assertThat(fio.exitValue()).as(Files.readString(directory.resolve("fio.out"))).isZero();
    } finally {
      end(keeper);
    }
  }

  @Test
  void rule31AHostWhoseKeeperDiesServesOnAndTheNextKeeperHoldsAll() throws Exception {
    Process keeper = startKeeper();
    try {
      Serving host = awaitOther(0);
      assertThat(keeper.destroyForcibly().waitFor()).isNotZero();
      keeper = startKeeper();
      Process fio = fio(host.device());
      // The new one has it all once it can give it to another.
      HostFixture.awaitTrue("replaced", () -> isReplaced());
      Serving next = awaitOther(host.pid());
      assertThat(next.device()).isEqualTo(host.device());
      assertThat(fio.waitFor(60, TimeUnit.SECONDS)).isTrue();
      assertThat(fio.exitValue()).as(Files.readString(directory.resolve("fio.out"))).isZero();
    } finally {
      end(keeper);
    }
  }

  @Test
  void rule29WhereTheKernelDoesNotSendAgainAKilledHostMeansErrorsAndALine() throws Exception {
    Process keeper = startKeeper("old-kernel");
    try {
      Serving first = awaitOther(0);
      Process fio = fio(first.device());
      assertThat(fio.waitFor(1, TimeUnit.SECONDS)).isFalse();
      HostFixture.run("kill", "-KILL", Long.toString(first.pid()));
      assertThat(fio.waitFor(20, TimeUnit.SECONDS)).isTrue();
      assertThat(Files.readString(directory.resolve("fio.out"))).contains("Input/output error");
      Serving second = awaitOther(first.pid());
      assertThat(Files.readString(directory.resolve("keeper.out")))
          .contains("volume demo: " + first.device() + " answers EIO: the volume host before was")
          .contains("this kernel does not send again what it left");
      HostFixture.run("dd", "if=" + second.device(), "of=/dev/null", "bs=4k", "count=1");
    } finally {
      end(keeper);
    }
  }

  private record Serving(long pid, String device) {}

  private Serving awaitOther(long than) throws IOException {
    Path started = directory.resolve("started");
    HostFixture.awaitTrue(
        "a host other than " + than, () -> Files.exists(started) && read().pid() != than);
    return read();
  }

  private Serving read() {
    try {
      String[] words = Files.readString(directory.resolve("started")).split(" ");
      return new Serving(Long.parseLong(words[0]), words[1]);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void replace() throws IOException, InterruptedException {
    HostFixture.run(java(MAIN, "--replace", "--socket", socket()));
  }

  private boolean isReplaced() {
    try {
      return HostFixture.tryRun(java(MAIN, "--replace", "--socket", socket())).exitCode() == 0;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private Process startKeeper(String... more) throws IOException {
    List<String> command =
        new ArrayList<>(
            List.of(
                java(
                    MAIN,
                    "--socket",
                    socket(),
                    "--run-dir",
                    directory.resolve("run").toString(),
                    "--ready-file",
                    directory.resolve("keeper.ready").toString(),
                    "--")));
    command.addAll(List.of(java(Host.class.getName(), directory.toString())));
    command.addAll(List.of(more));
    return new ProcessBuilder(command)
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.appendTo(directory.resolve("keeper.out").toFile()))
        .start();
  }

  private String socket() {
    return directory.resolve("keeper.sock").toString();
  }

  private static String[] java(String main, String... arguments) {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-Xmx128m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                main));
    command.addAll(List.of(arguments));
    return command.toArray(String[]::new);
  }

  private Process fio(String device) throws IOException {
    return new ProcessBuilder(
            "fio",
            "--name=verify",
            "--filename=" + device,
            "--rw=randwrite",
            "--bs=4k",
            "--size=" + FileVolume.SIZE / 2,
            "--ioengine=libaio",
            "--direct=1",
            "--iodepth=16",
            "--verify=crc32c",
            "--verify_fatal=1",
            "--verify_state_save=0",
            "--verify_backlog=512")
        .redirectErrorStream(true)
        .redirectOutput(directory.resolve("fio.out").toFile())
        .start();
  }

  private void end(Process keeper) throws Exception {
    keeper.destroy();
    assertThat(keeper.waitFor(30, TimeUnit.SECONDS)).isTrue();
    String said = Files.readString(directory.resolve("keeper.out"));
    assertThat(MountTable.own().mounts())
        .as(said)
        .noneMatch(mount -> mount.point().startsWith(directory.toString()));
    assertThat(HostFixture.run("losetup", "-a")).as(said).doesNotContain(directory.toString());
  }
}
