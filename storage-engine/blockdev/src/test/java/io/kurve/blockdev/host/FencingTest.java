package io.kurve.blockdev.host;

import static io.kurve.blockdev.host.HostFixture.run;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kurve.blockdev.posix.Posix;
import io.kurve.core.disk.DirectIo;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.metadata.VolumeHostService.AttachedDevice;
import io.kurve.core.metadata.VolumeHostService.DeviceState;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class FencingTest {
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
  void rule22FencedIsEioWithinASecondForPendingAndNewRequests() throws Exception {
    MemoryVolume volume = fixture.offer(new MemoryVolume("demo", 7, SIZE, 4096));
    AttachedDevice device = fixture.attach("demo");
    try (FileChannel channel = open(device)) {
      volume.stall();
      CompletableFuture<Void> pending = inBackground(() -> write(channel, 0));
      volume.awaitWaiting(1);

      long start = System.nanoTime();
      volume.fence();

      assertEndsWithEio(pending);
      assertThatThrownBy(() -> write(channel, 8192)).hasMessageContaining("Input/output error");
      assertThatThrownBy(() -> read(channel, 8192)).hasMessageContaining("Input/output error");
      assertThat(TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start)).isLessThan(1000);
    }
    assertThat(HostFixture.await(fixture.host.info("demo")).state()).isEqualTo(DeviceState.FAILED);
    assertThat(volume.content()).isEqualTo(new byte[SIZE]);
  }

  @Test
  void rule30FlushAfterAFenceIsEio() throws Exception {
    MemoryVolume volume = fixture.offer(new MemoryVolume("demo", 7, SIZE, 4096));
    AttachedDevice device = fixture.attach("demo");
    try (FileChannel channel = open(device)) {
      write(channel, 0);
      channel.force(false);
      int flushes = volume.flushes();

      volume.fence();

      assertThatThrownBy(() -> channel.force(false)).hasMessageContaining("Input/output error");
      assertThatThrownBy(() -> channel.force(false)).hasMessageContaining("Input/output error");
      assertThat(volume.flushes()).isEqualTo(flushes);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void rule22ForceEndsAStallWithinASecondAndTheFileSystemUnmounts(boolean volumeHeedsAbort)
      throws Exception {
    MemoryVolume volume = fixture.offer(new MemoryVolume("demo", 7, SIZE, 4096, volumeHeedsAbort));
    AttachedDevice device = fixture.attach("demo");
    run("mkfs.ext4", "-q", device.device());
    Path point = fixture.mount(Path.of(device.device()));
    Path file = point.resolve("file");
    Files.writeString(file, "before");
    volume.stall();
    CompletableFuture<Void> pending =
        inBackground(() -> {
          try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            int written = channel.write(ByteBuffer.wrap("after".getBytes(StandardCharsets.UTF_8)));
            assertThat(written).isEqualTo(5);
            channel.force(true);
          }
        });
    volume.awaitWaiting(1);

    CompletableFuture<Void> detached = fixture.host.detach("demo", true).toCompletableFuture();
    long start = System.nanoTime();

    assertThatThrownBy(() -> pending.get(20, TimeUnit.SECONDS))
        .isInstanceOf(ExecutionException.class);
    assertThat(TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start)).isLessThan(1000);
    var unused = HostFixture.await(detached);
    fixture.unmount(point);
    HostFixture.awaitTrue("the dead device is gone", () -> fixture.bound().isEmpty());
    assertThat(HostFixture.await(fixture.host.list())).isEmpty();
    assertThat(volume.isClosed()).isTrue();
    volume.resume();
  }

  @Test
  void rule22OrdinaryDetachOfAStalledDeviceGivesWayToForce() throws Exception {
    MemoryVolume volume = fixture.offer(new MemoryVolume("demo", 7, SIZE, 4096));
    AttachedDevice device = fixture.attach("demo");
    try (FileChannel cached =
        FileChannel.open(Path.of(device.device()), StandardOpenOption.WRITE)) {
      int written = cached.write(ByteBuffer.wrap(new byte[4096]));
      assertThat(written).isEqualTo(4096);
      volume.stall();
    }

    CompletableFuture<Void> ordinary = fixture.host.detach("demo", false).toCompletableFuture();
    volume.awaitWaiting(1);
    fixture.detachByForce("demo");

    assertThatThrownBy(() -> HostFixture.await(ordinary)).isInstanceOf(KurveException.class);
    assertThat(HostFixture.await(fixture.host.list())).isEmpty();
  }

  @Test
  void rule22ForceHoldsForADeviceThatIsJustBeingMade() throws Exception {
    MemoryVolume volume = fixture.offer(new MemoryVolume("demo", 7, SIZE, 4096));
    fixture.opens = new CompletableFuture<>();
    CompletableFuture<AttachedDevice> attach = fixture.host.attach("demo").toCompletableFuture();
    HostFixture.awaitTrue("it is being opened", this::hasOpeningNote);

    CompletableFuture<Void> detach = fixture.host.detach("demo", true).toCompletableFuture();
    assertThatThrownBy(() -> detach.get(200, TimeUnit.MILLISECONDS))
        .isInstanceOf(TimeoutException.class);
    fixture.opens.complete(null);

    var unused = HostFixture.await(attach);
    HostFixture.await(detach);
    assertThatThrownBy(() -> HostFixture.await(volume.flush()))
        .hasMessageContaining("detached by force");
    assertThat(HostFixture.await(fixture.host.list())).isEmpty();
  }

  private boolean hasOpeningNote() {
    String[] notes = fixture.run.openings().toFile().list();
    return notes != null && notes.length > 0;
  }

  @Test
  void rule22NextAttachmentIsAnotherDevice() throws Exception {
    MemoryVolume old = fixture.offer(new MemoryVolume("demo", 7, SIZE, 4096));
    AttachedDevice first = fixture.attach("demo");
    run("mkfs.ext4", "-q", first.device());
    Path point = fixture.mount(Path.of(first.device()));
    old.fence();
    assertThatThrownBy(
            () -> {
              try (FileChannel channel = open(first)) {
                write(channel, 0);
              }
            })
        .isInstanceOf(IOException.class);
    MemoryVolume next = fixture.offer(new MemoryVolume("demo", 8, SIZE, 4096));

    assertThatThrownBy(() -> fixture.attach("demo"))
        .isInstanceOfSatisfying(
            KurveException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.IN_USE))
        .hasMessageContaining("mounted at " + point);
    fixture.unmount(point);
    AttachedDevice second = fixture.attach("demo");

    assertThat(second.attachment().value()).isEqualTo(8);
    assertThat(second.state()).isEqualTo(DeviceState.READY);
    assertThat(old.isClosed()).isTrue();
    assertThat(next.content()).isEqualTo(new byte[SIZE]);
  }

  @Test
  void rule22AnIdleDeviceIsEioAndLosesItsNameWhenItsVolumeHearsThatItIsFenced() throws Exception {
    MemoryVolume volume = fixture.offer(new MemoryVolume("demo", 7, SIZE, 4096));
    AttachedDevice device = fixture.attach("demo");
    try (FileChannel channel = open(device)) {
      write(channel, 0);
      byte[] before = volume.content();

      volume.fenceAndTell();

      HostFixture.awaitTrue(
          "its link is gone",
          () -> !Files.exists(Path.of(device.link()), LinkOption.NOFOLLOW_LINKS));
      assertThat(HostFixture.await(fixture.host.info("demo")).state())
          .isEqualTo(DeviceState.FAILED);
      assertThatThrownBy(() -> read(channel, 0)).hasMessageContaining("Input/output error");
      assertThatThrownBy(() -> write(channel, 0)).hasMessageContaining("Input/output error");
      assertThat(volume.content()).isEqualTo(before);
    }
    fixture.detach("demo");
    assertThat(volume.isClosed()).isTrue();
  }

  @Test
  void rule22ADeadDevicesNameThatLeadsElsewhereStays() throws Exception {
    MemoryVolume volume = fixture.offer(new MemoryVolume("demo", 7, SIZE, 4096));
    AttachedDevice device = fixture.attach("demo");
    Path link = Path.of(device.link());
    Files.delete(link);
    Path next = Files.createSymbolicLink(link, Path.of("/dev/loop4000"));

    volume.fenceAndTell();
    // One after the other: it waits for the operation that removes the link.
    fixture.detach("demo");

    assertThat(Files.readSymbolicLink(next)).hasToString("/dev/loop4000");
    Files.delete(next);
  }

  @Test
  void lostDataIsEioForThatRequestOnly() throws Exception {
    MemoryVolume volume = fixture.offer(new MemoryVolume("demo", 7, SIZE, 4096));
    AttachedDevice device = fixture.attach("demo");
    try (FileChannel channel = open(device)) {
      volume.failNext(new KurveException(ErrorCode.DATA_LOST, "block 0 is damaged", ""));
      assertThatThrownBy(() -> read(channel, 0)).hasMessageContaining("Input/output error");
      read(channel, 0);
      volume.failNext(new KurveException(ErrorCode.NO_SPACE, "no space", ""));
      assertThatThrownBy(() -> write(channel, 0)).hasMessageContaining("No space left");
      write(channel, 0);
    }
    assertThat(HostFixture.await(fixture.host.info("demo")).state()).isEqualTo(DeviceState.READY);
  }

  @Test
  void aConnectionThatTheKernelEndsIsAFailedDevice() throws Exception {
    fixture.offer(new MemoryVolume("demo", 7, SIZE, 4096));
    AttachedDevice device = fixture.attach("demo");

    fixture.posix.unmount(
        fixture.run.mounts().resolve("attachment-7").toString(),
        Posix.MNT_FORCE | Posix.MNT_DETACH);

    HostFixture.awaitTrue(
        "the host sees it",
        () -> HostFixture.await(fixture.host.info("demo")).state() == DeviceState.FAILED);
    try (FileChannel channel = open(device)) {
      assertThatThrownBy(() -> read(channel, 0)).hasMessageContaining("Input/output error");
    }
    fixture.detach("demo");
  }

  private interface Action {
    void run() throws IOException;
  }

  private static CompletableFuture<Void> inBackground(Action action) {
    CompletableFuture<Void> result = new CompletableFuture<>();
    Thread.ofPlatform()
        .daemon()
        .start(() -> {
          try {
            action.run();
            result.complete(null);
          } catch (IOException e) {
            result.completeExceptionally(e);
          }
        });
    return result;
  }

  private static void assertEndsWithEio(CompletableFuture<Void> pending) {
    assertThatThrownBy(() -> pending.get(20, TimeUnit.SECONDS))
        .hasMessageContaining("Input/output error");
  }

  private static FileChannel open(AttachedDevice device) throws IOException {
    return FileChannel.open(
        Path.of(device.device()),
        StandardOpenOption.READ,
        StandardOpenOption.WRITE,
        DirectIo.option());
  }

  private static void write(FileChannel channel, long offset) throws IOException {
    ByteBuffer block = ByteBuffer.allocateDirect(8192).alignedSlice(4096).limit(4096);
    block.put(0, (byte) 1);
    assertThat(channel.write(block, offset)).isEqualTo(4096);
  }

  private static void read(FileChannel channel, long offset) throws IOException {
    ByteBuffer block = ByteBuffer.allocateDirect(8192).alignedSlice(4096).limit(4096);
    assertThat(channel.read(block, offset)).isEqualTo(4096);
  }
}
