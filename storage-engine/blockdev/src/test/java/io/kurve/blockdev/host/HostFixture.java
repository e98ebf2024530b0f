package io.kurve.blockdev.host;

import static org.assertj.core.api.Assertions.assertThat;

import io.kurve.blockdev.fuse.FuseLimits;
import io.kurve.blockdev.fuse.FuseMetrics;
import io.kurve.blockdev.fuse.FuseMounts;
import io.kurve.blockdev.loop.DeadDevices;
import io.kurve.blockdev.loop.DeviceLinks;
import io.kurve.blockdev.loop.LoopDevices;
import io.kurve.blockdev.posix.DescriptorOwner;
import io.kurve.blockdev.posix.MountTable;
import io.kurve.blockdev.posix.Posix;
import io.kurve.client.BlockVolume;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.AttachmentId;
import io.kurve.core.metadata.TakeOver;
import io.kurve.core.metadata.VolumeHostService.AttachedDevice;
import io.kurve.core.time.SystemRandom;
import io.prometheus.client.CollectorRegistry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/**
 * A volume host on this machine's kernel with volumes in memory. Closing it ends every stall, takes
 * everything down and looks that nothing is left.
 */
final class HostFixture implements AutoCloseable {
  private static final long DEADLINE_SECONDS = 40;

  final Posix posix = new Posix();
  final DescriptorOwner descriptors = new DescriptorOwner(posix);
  final LoopDevices loops = new LoopDevices(posix, descriptors);
  final Path directory;
  final Path linkDirectory;
  final RunDirectory run;
  final DeviceLinks links;
  final VolumeHost host;
  private final ExecutorService executor = Executors.newFixedThreadPool(4);

  /** Opens wait for it. */
  volatile CompletableFuture<Void> opens = CompletableFuture.completedFuture(null);

  private final Map<String, BlockVolume> volumes = new ConcurrentHashMap<>();
  private final List<MemoryVolume> opened = new ArrayList<>();
  private final List<Path> mountPoints = new ArrayList<>();

  HostFixture(Path directory) throws IOException {
    this(directory, directory.resolve("links"));
  }

  HostFixture(Path directory, Path linkDirectory) throws IOException {
    this(directory, linkDirectory, VolumeHost.Patience.STANDARD);
  }

  HostFixture(Path directory, Path linkDirectory, VolumeHost.Patience patience) throws IOException {
    assertThat(FuseMounts.DEVICE).as("the tests of block devices need /dev/fuse").exists();
    assertThat(Path.of("/dev/loop-control"))
        .as("the tests of block devices need /dev/loop-control")
        .exists();
    this.directory = directory;
    this.linkDirectory = linkDirectory;
    this.run = RunDirectory.lock(directory.resolve("run"));
    this.links =
        new DeviceLinks(linkDirectory, run.mounts(), run::isOfSameCluster, new DeadDevices(posix));
    FuseMounts mounts =
        new FuseMounts(
            posix,
            descriptors,
            run.mounts(),
            FuseLimits.standard(),
            new FuseMetrics(new CollectorRegistry()),
            (what, cause) -> new AssertionError(what, cause));
    Devices devices = new Devices(mounts, loops, links, run.lost());
    GivingUp givingUp = new GivingUp(new SystemRandom());
    this.host =
        new VolumeHost(
            new Openings(this::open, run, devices, givingUp),
            devices,
            givingUp,
            executor,
            patience);
  }

  private CompletionStage<BlockVolume> open(String name, String requestId, TakeOver takeOver) {
    BlockVolume volume = volumes.get(name);
    return volume == null
        ? CompletableFuture.failedFuture(
            new KurveException(ErrorCode.NOT_FOUND, "no volume " + name, ""))
        : opens.thenApply(_ -> volume);
  }

  /** The next attach of the name gets this one. */
  MemoryVolume offer(MemoryVolume volume) {
    volumes.put(volume.volume().name(), volume);
    opened.add(volume);
    return volume;
  }

  AttachedDevice attach(String name) {
    return await(host.attach(name));
  }

  void detach(String name) {
    var unused = await(host.detach(name, false));
  }

  void detachByForce(String name) {
    var unused = await(host.detach(name, true));
  }

  static <T> T await(CompletionStage<T> stage) {
    try {
      return stage.toCompletableFuture().orTimeout(DEADLINE_SECONDS, TimeUnit.SECONDS).join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof KurveException known) {
        throw known;
      }
      throw e;
    }
  }

  Path mount(Path device) throws IOException, InterruptedException {
    Path point = Files.createDirectories(directory.resolve("mnt point"));
    mountPoints.add(point);
    run("mount", device.toString(), point.toString());
    return point;
  }

  void unmount(Path point) throws IOException, InterruptedException {
    run("umount", point.toString());
    mountPoints.remove(point);
  }

  /** Runs a program to its end; a failure has its output. */
  static String run(String... command) throws IOException, InterruptedException {
    Result result = tryRun(command);
    assertThat(result.exitCode()).as(String.join(" ", command) + ": " + result.output()).isZero();
    return result.output();
  }

  static Result tryRun(String... command) throws IOException, InterruptedException {
    Path output = Files.createTempFile("kurve-test", ".out");
    try {
      Process process =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(output.toFile())
              .start();
      if (!process.waitFor(DEADLINE_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly();
        throw new AssertionError(String.join(" ", command) + " did not end");
      }
      return new Result(process.exitValue(), Files.readString(output, StandardCharsets.UTF_8));
    } finally {
      Files.deleteIfExists(output);
    }
  }

  record Result(int exitCode, String output) {}

  static void awaitTrue(String what, BooleanSupplier condition) {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(DEADLINE_SECONDS);
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).as("in time: " + what).isLessThan(end);
      Thread.onSpinWait();
    }
  }

  @Override
  public void close() throws IOException, InterruptedException {
    opened.forEach(volume -> volume.abort("the test is over"));
    opened.forEach(MemoryVolume::fence);
    for (AttachedDevice device : await(host.list())) {
      for (Path point : List.copyOf(mountPoints)) {
        var unused = tryRun("umount", "--lazy", point.toString());
      }
      detachByForce(device.volumeName());
    }
    executor.shutdownNow();
    boolean ended = executor.awaitTermination(DEADLINE_SECONDS, TimeUnit.SECONDS);
    Leftovers leftovers = new Leftovers(posix, loops, links, run.mounts());
    leftovers.clear();
    for (AttachmentId attachment : leftovers.attachments()) {
      leftovers.forget(attachment);
    }
    awaitTrue("no loop device left", () -> bound().isEmpty());
    assertThat(MountTable.own().mounts())
        .noneMatch(mount -> mount.point().startsWith(directory.toString()));
    assertThat(descriptors.all()).isEmpty();
    assertThat(run.mounts()).isEmptyDirectory();
    assertThat(run.openings()).isEmptyDirectory();
    run.close();
    assertThat(ended).as("operations of the host ended").isTrue();
  }

  List<?> bound() {
    try {
      return loops.boundBelow(run.mounts());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
