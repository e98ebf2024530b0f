package io.kurve.blockdev.host;

import static io.kurve.blockdev.host.HostFixture.run;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.metadata.VolumeHostService.AttachedDevice;
import io.kurve.core.metadata.VolumeHostService.DeviceState;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class DetachTest {
  private static final int SIZE = 32 << 20;

  @TempDir Path directory;
  private HostFixture fixture;

  @BeforeEach
  void start() throws IOException {
    fixture = new HostFixture(directory);
  }

  @AfterEach
  void stop() throws IOException, InterruptedException {
    fixture.close();
  }

  @Test
  void refusedWhileMountedNamingTheMountPoint() throws Exception {
    MemoryVolume volume = fixture.offer(new MemoryVolume("demo", 7, SIZE, 4096));
    AttachedDevice device = fixture.attach("demo");
    run("mkfs.ext4", "-q", device.link());
    Path point = fixture.mount(Path.of(device.link()));

    assertInUse("mounted at " + point);

    AttachedDevice info = HostFixture.await(fixture.host.info("demo"));
    assertThat(info.state()).isEqualTo(DeviceState.READY);
    assertThat(info.mounts()).containsExactly(point.toString());
    Files.writeString(point.resolve("file"), "still works");
    fixture.unmount(point);
    fixture.detach("demo");
    assertThat(volume.isClosed()).isTrue();
  }

  @Test
  void refusedWhileAnotherProcessHasItOpen() throws Exception {
    fixture.offer(new MemoryVolume("demo", 7, SIZE, 4096));
    AttachedDevice device = fixture.attach("demo");
    Process user =
        new ProcessBuilder("sleep", "60").redirectInput(Path.of(device.device()).toFile()).start();
    try {
      assertInUse("open in process " + user.pid() + " (sleep)");
    } finally {
      user.destroyForcibly();
      assertThat(user.waitFor()).isNotZero();
    }
    fixture.detach("demo");
  }

  @Test
  void shutDownDetachesWhatIsNotInUse() throws Exception {
    MemoryVolume idle = fixture.offer(new MemoryVolume("idle", 7, SIZE, 4096));
    MemoryVolume busy = fixture.offer(new MemoryVolume("busy", 8, SIZE, 4096));
    AttachedDevice idleDevice = fixture.attach("idle");
    AttachedDevice busyDevice = fixture.attach("busy");
    run("mkfs.ext4", "-q", busyDevice.device());
    Path point = fixture.mount(Path.of(busyDevice.device()));

    fixture.host.shutDown();

    assertThat(idle.isClosed()).isTrue();
    assertThat(Path.of(idleDevice.link())).doesNotExist();
    assertThat(busy.isClosed()).isFalse();
    fixture.unmount(point);
  }

  @Test
  void aNameThatLeadsToAnotherHostsDeviceIsRefused() throws Exception {
    fixture.offer(new MemoryVolume("demo", 7, SIZE, 4096));
    AttachedDevice theirs = fixture.attach("demo");
    try (HostFixture other = new HostFixture(directory.resolve("other"))) {
      Files.createDirectories(other.linkDirectory);
      Files.createSymbolicLink(other.linkDirectory.resolve("demo"), Path.of(theirs.device()));
      MemoryVolume volume = other.offer(new MemoryVolume("demo", 9, SIZE, 4096));

      assertThatThrownBy(() -> other.attach("demo"))
          .isInstanceOfSatisfying(
              KurveException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.IN_USE))
          .hasMessageContaining(theirs.device());
      assertThat(volume.isClosed()).isTrue();
    }
  }

  @Test
  void rule20TwoHostsOfOneMachineHaveASharedVolumeUnderTwoLinks() throws Exception {
    fixture.offer(new MemoryVolume("demo", 7, SIZE, 4096).shared());
    AttachedDevice first = fixture.attach("demo");
    try (HostFixture other = new HostFixture(directory.resolve("other"), fixture.linkDirectory)) {
      other.offer(new MemoryVolume("demo", 9, SIZE, 4096).shared());
      AttachedDevice second = other.attach("demo");
      assertThat(first.link()).endsWith("/demo");
      assertThat(second.link()).endsWith("/demo:9");
      assertThat(Files.readSymbolicLink(Path.of(second.link()))).hasToString(second.device());
      assertThat(Files.readSymbolicLink(Path.of(first.link()))).hasToString(first.device());
      other.detach("demo");
      assertThat(Path.of(second.link())).doesNotExist();
      assertThat(Path.of(first.link())).exists();
    }
  }

  @Test
  void aSecondHostInTheSameDirectoryIsRefused() {
    assertThatThrownBy(() -> RunDirectory.lock(directory.resolve("run")))
        .isInstanceOfSatisfying(
            KurveException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.IN_USE));
  }

  private void assertInUse(String by) {
    assertThatThrownBy(() -> fixture.detach("demo"))
        .isInstanceOfSatisfying(
            KurveException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.IN_USE))
        .hasMessageContaining(by);
  }
}
