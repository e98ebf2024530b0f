package io.kurve.blockdev.host;

import static io.kurve.blockdev.host.HostFixture.run;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kurve.blockdev.posix.Posix;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.metadata.VolumeHostService.AttachedDevice;
import io.kurve.core.metadata.VolumeHostService.DeviceState;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
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
  void whatIsDetachedByForceWhileMountedIsNamedUntilItIsUnmounted() throws Exception {
    fixture.offer(new MemoryVolume("demo", 7, SIZE, 4096));
    AttachedDevice device = fixture.attach("demo");
    run("mkfs.ext4", "-q", device.link());
    Path point = fixture.mount(Path.of(device.link()));
    fixture.detachByForce("demo");
    assertThat(fixture.run.lost().claimed())
        .singleElement()
        .satisfies(
            lost -> assertThat(lost.users().claims()).containsExactly("mounted at " + point));
    fixture.unmount(point);
    assertThat(fixture.run.lost().claimed()).isEmpty();
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
  void refusedWhileAnotherDeviceLiesOnIt() throws Exception {
    fixture.offer(new MemoryVolume("demo", 7, SIZE, 4096));
    AttachedDevice device = fixture.attach("demo");
    String upper = run("losetup", "--find", "--show", device.link()).strip();
    try {
      run("mkfs.ext4", "-q", upper);
      Path point = fixture.mount(Path.of(upper));
      assertInUse("backing " + upper);
      Files.writeString(point.resolve("file"), "still works");
      fixture.unmount(point);
    } finally {
      run("losetup", "--detach", upper);
    }
    fixture.detach("demo");
  }

  @Test
  void rule08ADeviceLeavesHalfOfTheDirtyPagesToOthersUntilItIsDetached() throws Exception {
    fixture.offer(new MemoryVolume("demo", 7, SIZE, 4096));
    AttachedDevice device = fixture.attach("demo");
    Path share = Path.of("/sys/block", Path.of(device.device()).getFileName().toString(), "bdi");
    assertThat(share.resolve("strict_limit")).content().isEqualTo("1\n");
    assertThat(share.resolve("max_ratio")).content().isEqualTo("50\n");
    int hidden = fixture.posix.open(device.device(), Posix.O_RDONLY);
    try {
      assertInUse("open where this host can't see it");
    } finally {
      fixture.posix.close(hidden);
    }
    assertThat(share.resolve("strict_limit")).content().isEqualTo("1\n");

    fixture.detach("demo");

    assertThat(share.resolve("strict_limit")).content().isEqualTo("0\n");
    assertThat(share.resolve("max_ratio")).content().isEqualTo("100\n");
  }

  @Test
  void refusedWhileAPartitionIsInUse() throws Exception {
    fixture.offer(new MemoryVolume("demo", 7, SIZE, 4096));
    AttachedDevice device = fixture.attach("demo");
    run("addpart", device.device(), "1", "2048", "32768");
    String partition = device.device() + "p1";
    try {
      run("mkfs.ext4", "-q", partition);
      Path point = fixture.mount(Path.of(partition));
      assertInUse("mounted at " + point);
      Files.writeString(point.resolve("file"), "still works");
      fixture.unmount(point);

      String upper = run("losetup", "--find", "--show", partition).strip();
      try {
        assertInUse("backing " + upper);
      } finally {
        run("losetup", "--detach", upper);
      }

      Process user =
          new ProcessBuilder("sleep", "60").redirectInput(Path.of(partition).toFile()).start();
      try {
        assertInUse("open in process " + user.pid() + " (sleep)");
      } finally {
        user.destroyForcibly();
        assertThat(user.waitFor()).isNotZero();
      }
    } finally {
      run("delpart", device.device(), "1");
    }
    fixture.detach("demo");
  }

  @Test
  void aDetachThatMeetsAHiddenUserLeavesAllAsItWas() throws Exception {
    MemoryVolume volume = fixture.offer(new MemoryVolume("demo", 7, SIZE, 4096));
    AttachedDevice device = fixture.attach("demo");
    int hidden = fixture.posix.open(device.device(), Posix.O_RDONLY); // this process looks away
    try {
      assertInUse("open where this host can't see it");
    } finally {
      fixture.posix.close(hidden);
    }
    assertThat(run("losetup", "--noheadings", "--output", "AUTOCLEAR", device.device()).strip())
        .isEqualTo("0");
    assertThat(run("losetup", "--noheadings", "--output", "DIO", device.device()).strip())
        .isEqualTo("1");
    run("mkfs.ext4", "-q", device.link());
    assertThat(HostFixture.await(fixture.host.info("demo")).state()).isEqualTo(DeviceState.READY);
    fixture.detach("demo");
    assertThat(volume.isClosed()).isTrue();
  }

  @Test
  void theLinkGoesBeforeTheNumberCanBeAnotherDevices() throws Exception {
    fixture.offer(new MemoryVolume("demo", 7, SIZE, 4096));
    AttachedDevice device = fixture.attach("demo");
    CompletableFuture<Void> detaching;
    try (FileChannel channel =
            FileChannel.open(fixture.linkDirectory.resolve(".lock"), StandardOpenOption.WRITE);
        FileLock _ = channel.lock()) { // another host judges links
      detaching = fixture.host.detach("demo", false).toCompletableFuture();
      assertThatThrownBy(() -> detaching.get(1, TimeUnit.SECONDS))
          .isInstanceOf(TimeoutException.class);
      assertThat(Path.of(device.link())).isSymbolicLink();
      assertThat(fixture.bound()).hasSize(1);
    }
    detaching.get(20, TimeUnit.SECONDS);
    assertThat(Files.exists(Path.of(device.link()), LinkOption.NOFOLLOW_LINKS)).isFalse();
  }

  @Test
  void theDirectoryOfAnAttachmentStaysUntilItIsGivenUp() throws Exception {
    MemoryVolume volume = fixture.offer(new MemoryVolume("demo", 7, SIZE, 4096));
    AttachedDevice unused = fixture.attach("demo");
    Path trace = fixture.run.mounts().resolve("attachment-7");
    volume.refuseClose(true);

    fixture.detachByForce("demo");
    assertThat(trace).isEmptyDirectory();

    volume.refuseClose(false);
    HostFixture.awaitTrue("its trace is gone", () -> Files.notExists(trace));
    assertThat(volume.isClosed()).isTrue();
  }

  @Test
  void aDetachThatFailedHalfwayCanBeRepeated() throws Exception {
    MemoryVolume volume = fixture.offer(new MemoryVolume("demo", 7, SIZE, 4096));
    AttachedDevice device = fixture.attach("demo");
    Path elsewhere = Files.createDirectories(directory.resolve("elsewhere"));
    String mounted = fixture.run.mounts().resolve("attachment-7").toString();
    run("mount", "--bind", mounted, elsewhere.toString()); // keeps the connection open
    try {
      assertThatThrownBy(() -> fixture.detach("demo"))
          .isInstanceOfSatisfying(
              KurveException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INTERNAL));
      assertThat(HostFixture.await(fixture.host.info("demo")).state())
          .isEqualTo(DeviceState.FAILED);
      assertThat(Files.exists(Path.of(device.link()), LinkOption.NOFOLLOW_LINKS)).isFalse();
    } finally {
      fixture.posix.unmount(elsewhere.toString(), Posix.MNT_DETACH); // umount would ask it first
    }
    // A mount namespace that somebody made meanwhile may keep the connection open some more.
    HostFixture.awaitTrue("it is detached", this::isDetached);
    assertThat(volume.isClosed()).isTrue();
  }

  private boolean isDetached() {
    try {
      fixture.detach("demo");
      return true;
    } catch (KurveException e) {
      assertThat(e.code()).isEqualTo(ErrorCode.INTERNAL);
      return false;
    }
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
  void shutDownWaitsForASlowVolumeAfterAnOrdinaryDetachHasGivenUp() throws Exception {
    try (HostFixture hasty =
        new HostFixture(
            directory.resolve("hasty"),
            directory.resolve("links"),
            new VolumeHost.Patience(Duration.ofMillis(50), Duration.ofSeconds(20)))) {
      MemoryVolume volume = hasty.offer(new MemoryVolume("demo", 9, SIZE, 4096));
      AttachedDevice device = hasty.attach("demo");
      byte[] bytes = writeCached(device, volume);
      assertThatThrownBy(() -> hasty.detach("demo"))
          .isInstanceOfSatisfying(
              KurveException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.UNAVAILABLE));

      CompletableFuture<Void> down = CompletableFuture.runAsync(hasty.host::shutDown);
      assertThatThrownBy(() -> down.get(1, TimeUnit.SECONDS)).isInstanceOf(TimeoutException.class);
      volume.resume();

      down.get(20, TimeUnit.SECONDS);
      assertThat(volume.isClosed()).isTrue();
      assertThat(volume.content()).startsWith(bytes);
    }
  }

  @Test
  void noWriteOutWaitsForAHostThatHasShutDown() throws Exception {
    try (HostFixture hasty =
        new HostFixture(
            directory.resolve("hasty"),
            directory.resolve("links"),
            new VolumeHost.Patience(Duration.ofMillis(50), Duration.ofMillis(200)))) {
      MemoryVolume volume = hasty.offer(new MemoryVolume("demo", 9, SIZE, 4096, false));
      AttachedDevice device = hasty.attach("demo");
      byte[] unused = writeCached(device, volume);

      hasty.host.shutDown();

      awaitWriteOutEnded(device);
    }
  }

  /** The kernel tells of an error once, and who heard it has gone when the next detach comes. */
  @Test
  void aWriteOutThatFailedAfterItsDetachHadGivenUpIsTold() throws Exception {
    try (HostFixture hasty =
        new HostFixture(
            directory.resolve("hasty"),
            directory.resolve("links"),
            new VolumeHost.Patience(Duration.ofMillis(50), Duration.ofSeconds(20)))) {
      MemoryVolume volume = hasty.offer(new MemoryVolume("demo", 9, SIZE, 4096));
      AttachedDevice device = hasty.attach("demo");
      byte[] unused = writeCached(device, volume);
      assertThatThrownBy(() -> hasty.detach("demo"))
          .isInstanceOfSatisfying(
              KurveException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.UNAVAILABLE));
      volume.failNext(new KurveException(ErrorCode.NO_SPACE, "told to fail", ""));
      volume.resume();
      awaitWriteOutEnded(device);

      assertThatThrownBy(() -> hasty.detach("demo")).hasMessageContaining("was not written");
      assertThat(hasty.host.list().toCompletableFuture().join()).hasSize(1);
      hasty.detach("demo");
    }
  }

  private static void awaitWriteOutEnded(AttachedDevice device) {
    HostFixture.awaitTrue(
        "the write-out has ended",
        () ->
            ProcessHandle.current()
                .children()
                .noneMatch(
                    child -> String.join(" ", argumentsOf(child)).contains(device.device())));
  }

  private static List<String> argumentsOf(ProcessHandle process) {
    return process.info().arguments().map(List::of).orElse(List.of());
  }

  /** Some bytes that only the kernel's cache has, of a volume that stalls from then on. */
  private static byte[] writeCached(AttachedDevice device, MemoryVolume volume) throws IOException {
    byte[] bytes = new byte[4096];
    Arrays.fill(bytes, (byte) 7);
    try (FileChannel cached =
        FileChannel.open(Path.of(device.device()), StandardOpenOption.WRITE)) {
      assertThat(cached.write(ByteBuffer.wrap(bytes))).isEqualTo(4096);
      volume.stall();
    }
    return bytes;
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
