package io.kurve.blockdev.host;

import static org.assertj.core.api.Assertions.assertThat;

import io.kurve.blockdev.posix.MountTable;
import io.kurve.core.id.AttachmentId;
import io.kurve.core.metadata.VolumeHostService.AttachedDevice;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
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
      HostFixture fixture = new HostFixture(Path.of(args[0]));
      fixture.offer(new MemoryVolume("demo", 7, SIZE, 4096));
      AttachedDevice device = fixture.attach("demo");
      HostFixture.run("mkfs.ext4", "-q", device.device());
      System.out.println(device.device());
      Thread.currentThread().join();
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

  private String attachAndKill() throws IOException, InterruptedException {
    Process victim =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-Xmx256m",
                "-cp",
                System.getProperty("java.class.path"),
                Victim.class.getName(),
                directory.toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    try (BufferedReader output = victim.inputReader()) {
      String device = output.readLine();
      assertThat(device).startsWith("/dev/loop");
      return device;
    } finally {
      victim.destroyForcibly();
      assertThat(victim.waitFor(20, TimeUnit.SECONDS)).isTrue();
    }
  }

  private long kurveMounts() throws IOException {
    return MountTable.own().mounts().stream()
        .filter(mount -> mount.point().startsWith(directory.toString()))
        .count();
  }
}
