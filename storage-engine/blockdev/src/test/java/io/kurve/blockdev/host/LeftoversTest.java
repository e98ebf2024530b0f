package io.kurve.blockdev.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kurve.blockdev.posix.MountTable;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.AttachmentId;
import io.kurve.core.metadata.VolumeHostService.AttachedDevice;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A host in a process of its own is killed, and the next one cleans up after it. */
@Timeout(60)
class LeftoversTest {
  private static final int SIZE = 32 << 20;

  @TempDir Path directory;

  /** The process that gets killed. */
  static final class Victim {
    private Victim() {}

    @SuppressWarnings("SystemOut") // how the test hears of it
    public static void main(String[] args) throws IOException, InterruptedException {
      // Closed by nobody: this process is killed.
      HostFixture fixture = new HostFixture(Path.of(args[0]), Path.of(args[1]));
      MemoryVolume volume = fixture.offer(new MemoryVolume("demo", 7, SIZE, 4096));
      AttachedDevice device = fixture.attach("demo");
      HostFixture.run("mkfs.ext4", "-q", device.device());
      if (args.length > 2) {
        detachForEver(fixture, volume, Path.of(device.device()));
      }
      System.out.println(device.device());
      Thread.currentThread().join();
    }

    private static void detachForEver(HostFixture fixture, MemoryVolume volume, Path device)
        throws IOException, InterruptedException {
      try (FileChannel cached = FileChannel.open(device, StandardOpenOption.WRITE)) {
        volume.stall();
        assertThat(cached.write(ByteBuffer.allocate(4096))).isEqualTo(4096);
      }
      var unused = fixture.host.detach("demo", false);
      volume.awaitWaiting(1);
    }
  }

  @Test
  void aKilledHostsDevicesMountsAndLinksAreCleared() throws Exception {
    String device = attachAndKill();
    Path link = directory.resolve("links/demo");
    assertThat(Files.readSymbolicLink(link)).hasToString(device);
    assertThat(kurveMounts()).isEqualTo(1);

    try (HostFixture next = new HostFixture(directory)) {
      assertThat(next.bound()).hasSize(1);
      Leftovers leftovers = new Leftovers(next.posix, next.loops, next.links, next.run.mounts());
      leftovers.clear();

      assertThat(next.bound()).isEmpty();
      assertThat(kurveMounts()).isZero();
      assertThat(Files.exists(link, LinkOption.NOFOLLOW_LINKS)).isFalse();
      assertThat(leftovers.attachments()).containsExactly(new AttachmentId(7));
      leftovers.forget(new AttachmentId(7));
      assertThat(next.run.mounts()).isEmptyDirectory();
      next.offer(new MemoryVolume("demo", 8, SIZE, 4096));
      assertThat(next.attach("demo").attachment().value()).isEqualTo(8);
    }
  }

  /** Nobody else has the device open: then the kernel writes it out when the host's own goes. */
  @Test
  void aHostThatIsKilledWithUnwrittenPagesEnds() throws Exception {
    Process victim = attach();
    String device = Files.readSymbolicLink(link()).toString();
    Path data = Files.write(directory.resolve("data"), new byte[16 << 20]);
    try {
      HostFixture.run("dd", "if=" + data, "of=" + device, "bs=1M", "conv=nocreat");

      victim.destroyForcibly();

      assertThat(victim.waitFor(20, TimeUnit.SECONDS)).isTrue();
    } finally {
      Path mount = directory.resolve("run/mounts/attachment-7");
      var unused = HostFixture.tryRun("umount", "--force", mount.toString()); // what hangs ends
      kill(victim);
    }
    clearVictim();
  }

  @Test
  void aHostThatIsKilledWhileADetachWritesOutEnds() throws Exception {
    Process victim = attach("and-detach");
    try {
      victim.destroyForcibly();
      assertThat(victim.waitFor(20, TimeUnit.SECONDS)).isTrue();
    } finally {
      Path mount = directory.resolve("run/mounts/attachment-7");
      var unused = HostFixture.tryRun("umount", "--force", mount.toString()); // what hangs ends
      kill(victim);
    }
    clearVictim();
  }

  @Test
  void otherDevicesAreLeftAlone() throws Exception {
    try (HostFixture living = new HostFixture(directory.resolve("living"))) {
      living.offer(new MemoryVolume("demo", 7, SIZE, 4096));
      AttachedDevice device = living.attach("demo");
      try (HostFixture next = new HostFixture(directory.resolve("next"))) {
        new Leftovers(next.posix, next.loops, next.links, next.run.mounts()).clear();
      }
      assertThat(living.bound()).hasSize(1);
      assertThat(HostFixture.run("blockdev", "--getsize64", device.device()).strip())
          .isEqualTo(String.valueOf(SIZE));
    }
  }

  @Test
  void aDeviceThatAnswersStaysWithItsLinksWhereverItsFileLies() throws Exception {
    try (HostFixture next = new HostFixture(directory)) {
      Path file = next.run.mounts().resolve("attachment-9");
      Files.write(file, new byte[1 << 20]);
      String device = HostFixture.run("losetup", "--find", "--show", file.toString()).strip();
      Path link = Files.createDirectories(next.linkDirectory).resolve("other");
      Files.createSymbolicLink(link, Path.of(device));
      try {
        new Leftovers(next.posix, next.loops, next.links, next.run.mounts()).clear();

        assertThat(next.bound()).hasSize(1);
        assertThat(Files.readSymbolicLink(link)).hasToString(device);
      } finally {
        Files.delete(link);
        HostFixture.run("losetup", "--detach", device);
        Files.delete(file);
      }
    }
  }

  @Test
  void aDeadHostOfAnotherFolderGivesItsLinkAndDeviceUp() throws Exception {
    String device = attachAndKill();
    try (HostFixture other = otherHost()) {
      other.offer(new MemoryVolume("demo", 8, SIZE, 4096));
      AttachedDevice attached = other.attach("demo");
      assertThat(Files.readSymbolicLink(link())).hasToString(attached.device());
      assertThat(HostFixture.run("losetup", "-a")).doesNotContain(directory + "/run");
      assertThat(kurveMounts()).isEqualTo(1);
    }
    assertThat(HostFixture.run("losetup", "-a")).doesNotContain(device + ":");
  }

  @Test
  void aDeadHostWhoseMountAndFolderAreGoneIsKnownAsDead() throws Exception {
    String device = attachAndKill();
    HostFixture.run("umount", "--lazy", directory.resolve("run/mounts/attachment-7").toString());
    HostFixture.run("rm", "-r", directory.resolve("run").toString());
    assertThat(HostFixture.run("losetup", device)).contains("(/attachment-7)");
    Files.createSymbolicLink(directory.resolve("links/gone"), Path.of("/dev/loop4000"));
    try (HostFixture other = otherHost()) {
      new Leftovers(other.posix, other.loops, other.links, other.run.mounts()).clear();
      assertThat(Files.exists(link(), LinkOption.NOFOLLOW_LINKS)).isFalse();
      assertThat(Files.exists(directory.resolve("links/gone"), LinkOption.NOFOLLOW_LINKS))
          .isFalse();
      assertThat(HostFixture.tryRun("losetup", device).output()).doesNotContain("attachment-7");
    }
  }

  @Test
  void aDeadHostsMountedDeviceIsLeftAndNamed() throws Exception {
    Path point = Files.createDirectories(directory.resolve("mounted here"));
    Process victim = attach();
    try (HostFixture other = otherHost()) {
      String device = Files.readSymbolicLink(link()).toString();
      HostFixture.run("mount", device, point.toString());
      kill(victim);
      other.offer(new MemoryVolume("demo", 8, SIZE, 4096));
      assertThatThrownBy(() -> other.attach("demo"))
          .isInstanceOf(KurveException.class)
          .hasMessageContaining("mounted at " + point);
      new Leftovers(other.posix, other.loops, other.links, other.run.mounts()).clear();
      assertThat(Files.readSymbolicLink(link())).hasToString(device);
      HostFixture.run("umount", point.toString());
      assertThat(other.attach("demo").attachment().value()).isEqualTo(8);
    } finally {
      kill(victim);
      var unused = HostFixture.tryRun("umount", point.toString());
    }
  }

  @Test
  void aKilledHostsMountedDeviceIsNamedByTheNext() throws Exception {
    Path point = Files.createDirectories(directory.resolve("point"));
    Process victim = attach();
    String device = Files.readSymbolicLink(link()).toString();
    HostFixture.run("mount", device, point.toString());
    kill(victim);
    try (HostFixture next = new HostFixture(directory)) {
      LostDevices lost = next.run.lost();
      try {
        new Leftovers(next.posix, next.loops, next.links, next.run.mounts()).clear();
        assertThat(lost.claimed())
            .singleElement()
            .satisfies(claimed -> {
              assertThat(claimed.device()).hasToString(device);
              assertThat(claimed.users().mountPoints()).containsExactly(point.toString());
            });
      } finally {
        HostFixture.run("umount", point.toString());
      }
      assertThat(lost.claimed()).isEmpty();
    }
  }

  @Test
  void aHostThatIsStoppedLives() throws Exception {
    Process victim = attach();
    try (HostFixture other = otherHost()) {
      String device = Files.readSymbolicLink(link()).toString();
      HostFixture.run("kill", "-STOP", Long.toString(victim.pid()));
      other.offer(new MemoryVolume("demo", 8, SIZE, 4096));
      assertThatThrownBy(() -> other.attach("demo"))
          .isInstanceOf(KurveException.class)
          .hasMessageContaining("another host on this machine");
      new Leftovers(other.posix, other.loops, other.links, other.run.mounts()).clear();
      assertThat(Files.readSymbolicLink(link())).hasToString(device);
      HostFixture.run("kill", "-CONT", Long.toString(victim.pid()));
      assertThat(HostFixture.run("blockdev", "--getsize64", device).strip())
          .isEqualTo(String.valueOf(SIZE));
    } finally {
      kill(victim);
    }
    clearVictim();
  }

  private HostFixture otherHost() throws IOException {
    return new HostFixture(directory.resolve("other"), directory.resolve("links"));
  }

  private void clearVictim() throws Exception {
    try (HostFixture next = new HostFixture(directory)) {
      assertThat(next.bound()).hasSize(1);
    }
  }

  private Path link() {
    return directory.resolve("links/demo");
  }

  private String attachAndKill() throws IOException, InterruptedException {
    Process victim = attach();
    kill(victim);
    return Files.readSymbolicLink(link()).toString();
  }

  /** Ends when its device is there. */
  private Process attach(String... more) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("--enable-native-access=ALL-UNNAMED", "-Xmx256m"));
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), Victim.class.getName()));
    command.addAll(List.of(directory.toString(), directory.resolve("links").toString()));
    command.addAll(List.of(more));
    Process victim =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    BufferedReader output = victim.inputReader();
    String device = output.readLine();
    if (device == null || !device.startsWith("/dev/loop")) {
      kill(victim);
      throw new AssertionError("the victim said " + device);
    }
    return victim;
  }

  private static void kill(Process victim) throws InterruptedException {
    victim.destroyForcibly();
    assertThat(victim.waitFor(20, TimeUnit.SECONDS)).isTrue();
  }

  private long kurveMounts() throws IOException {
    return MountTable.own().mounts().stream()
        .filter(mount -> mount.point().startsWith(directory.toString()))
        .count();
  }
}
