package io.kurve.blockdev.host;

import io.kurve.blockdev.host.AttachmentState.Device;
import io.kurve.blockdev.host.AttachmentState.Failed;
import io.kurve.blockdev.host.AttachmentState.Serving;
import io.kurve.blockdev.loop.DeviceUsers;
import io.kurve.client.BlockVolume;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.AttachmentId;
import io.kurve.core.metadata.TakeOver;
import io.kurve.core.metadata.VolumeHostService;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** All attachments of this host, by volume name: one for each volume at most. */
public final class VolumeHost implements VolumeHostService {
  private static final Logger LOG = LoggerFactory.getLogger(VolumeHost.class);
  private static final Duration OPERATION_DEADLINE = Duration.ofSeconds(30);

  private static final Duration FORCED_CLOSE_DEADLINE = Duration.ofSeconds(2);
  private static final Duration PASSING_USER_DEADLINE = Duration.ofSeconds(1);
  private static final Duration POLL = Duration.ofMillis(20);

  private final Openings openings;
  private final Devices devices;
  private final GivingUp givingUp;
  private final Executor executor;
  private final Patience patience;

  /** Guards the map. */
  private final ReentrantLock lock = new ReentrantLock();

  private final Map<String, VolumeAttachment> attachments = new TreeMap<>();

  /**
   * @param executor of platform threads, bounded; operations wait on it for the kernel
   * @param patience {@link Patience#STANDARD}
   */
  public VolumeHost(
      Openings openings, Devices devices, GivingUp givingUp, Executor executor, Patience patience) {
    this.openings = openings;
    this.devices = devices;
    this.givingUp = givingUp;
    this.executor = executor;
    this.patience = patience;
  }

  @Override
  public CompletionStage<AttachedDevice> attach(String volumeName, Set<AttachmentId> takeOver) {
    return run("attach", volumeName, () -> attachNow(volumeName, TakeOver.from(takeOver)));
  }

  @Override
  public CompletionStage<Void> detach(String volumeName, boolean force) {
    return runToEnd(
        "detach",
        volumeName,
        () -> {
          VolumeAttachment attachment = find(volumeName);
          if (force) {
            detachByForce(attachment);
          } else {
            detachNow(attachment, patience.flush());
          }
        });
  }

  @Override
  public CompletionStage<List<AttachedDevice>> list() {
    return run(
        "list",
        "*",
        () -> {
          List<AttachedDevice> list = new ArrayList<>();
          for (VolumeAttachment attachment : all()) {
            Optional<Device> device = attachment.device();
            if (device.isPresent()) {
              list.add(describe(attachment, device.get()));
            }
          }
          return list;
        });
  }

  @Override
  public CompletionStage<AttachedDevice> info(String volumeName) {
    return run(
        "info",
        volumeName,
        () -> {
          VolumeAttachment attachment = find(volumeName);
          return describe(attachment, deviceOf(attachment));
        });
  }

  @Override
  public CompletionStage<AttachedDevice> resize(String volumeName) {
    return run("resize", volumeName, () -> resizeNow(find(volumeName)));
  }

  /**
   * How long what is cached is written out.
   *
   * @param flush by an ordinary detach; it goes on after that, and the caller may ask again
   * @param shutDown by the last one: nobody can ask again
   */
  public record Patience(Duration flush, Duration shutDown) {
    public static final Patience STANDARD =
        new Patience(Duration.ofSeconds(10), Duration.ofSeconds(25));
  }

  /**
   * Detaches what nobody uses, all at once; the rest answers EIO from now on, since nobody can take
   * it over yet. A write-out that still waits for it ends so: else this process could not end, for
   * its thread waits in the kernel for this process to serve it.
   */
  public void shutDown() {
    List<CompletableFuture<Void>> detaching = new ArrayList<>();
    for (VolumeAttachment attachment : all()) {
      detaching.add(
          runToEnd(
                  "detach",
                  attachment.volumeName(),
                  () -> detachNow(attachment, patience.shutDown()))
              .handle((done, failure) -> logShutDown(attachment, failure)));
    }
    try {
      var unused =
          CompletableFuture.allOf(detaching.toArray(CompletableFuture[]::new))
              .get(patience.shutDown().toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException | ExecutionException e) {
      LOG.warn("not all volumes were detached within {}", patience.shutDown(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    for (VolumeAttachment left : all()) {
      try {
        abort(left, "its volume host ended");
      } catch (IOException e) {
        LOG.warn("what waits for volume {} was not ended", left.volumeName(), e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /**
   * @return whether there was a device to do it to
   */
  private boolean abort(VolumeAttachment attachment, String why)
      throws IOException, InterruptedException {
    Optional<Device> device = attachment.device();
    if (device.isPresent()) {
      attachment.failed(why);
      devices.abort(device.get(), why);
    }
    return device.isPresent();
  }

  /**
   * Leaves all to a successor, who gets the descriptors once this process has ended; after this
   * only that may follow.
   *
   * @param patience with requests that are under way
   */
  void handOver(Duration patience) throws InterruptedException {
    long end = System.nanoTime() + patience.toNanos();
    for (VolumeAttachment attachment : all()) {
      Optional<Device> device = attachment.device();
      Duration left = Duration.ofNanos(Math.max(1, end - System.nanoTime()));
      if (device.isPresent() && !devices.handOver(device.get(), left)) {
        LOG.warn(
            "volume {} is handed over with requests under way: the kernel sends them again",
            attachment.volumeName());
      }
    }
  }

  /** Whether the kernel sends what a killed host leaves to its successor, for all attachments. */
  boolean allResend() {
    return all().stream()
        .flatMap(attachment -> attachment.device().stream())
        .allMatch(device -> device.mount().resends());
  }

  interface Making {
    Device make(Consumer<String> onFailed) throws IOException;
  }

  /** Takes a device over that an earlier process made. Nobody else asks for anything yet. */
  void goOn(String volumeName, Making making) throws IOException, InterruptedException {
    VolumeAttachment inherited = new VolumeAttachment(volumeName);
    inherited.beginOperation(OPERATION_DEADLINE);
    try {
      opened(inherited, making.make(why -> failed(inherited, why)));
      if (!putIfAbsent(inherited).equals(inherited)) {
        throw new IllegalStateException("volume " + volumeName + " was kept twice");
      }
    } finally {
      inherited.endOperation();
    }
  }

  private static @Nullable Void logShutDown(
      VolumeAttachment attachment, @Nullable Throwable failure) {
    if (failure == null) {
      LOG.info("volume {} detached", attachment.volumeName());
    } else {
      LOG.warn(
          "volume {} stays attached and answers EIO from now on: no other process can take its"
              + " device over",
          attachment.volumeName(),
          failure);
    }
    return null;
  }

  private AttachedDevice attachNow(String volumeName, TakeOver takeOver)
      throws IOException, InterruptedException {
    devices.verifyName(volumeName);
    while (true) {
      VolumeAttachment fresh = new VolumeAttachment(volumeName);
      fresh.beginOperation(OPERATION_DEADLINE);
      try {
        VolumeAttachment present = putIfAbsent(fresh);
        if (present.equals(fresh)) {
          return open(fresh, takeOver);
        }
        Optional<AttachedDevice> device = attached(present);
        if (device.isPresent()) {
          return device.get();
        }
      } finally {
        fresh.endOperation();
      }
    }
  }

  /** Empty when the one that was here is gone. */
  private Optional<AttachedDevice> attached(VolumeAttachment present)
      throws IOException, InterruptedException {
    present.beginOperation(OPERATION_DEADLINE);
    try {
      return switch (present.state()) {
        case Serving serving -> Optional.of(describe(present, serving.device()));
        case Failed failed -> {
          release(present, patience.flush());
          yield Optional.empty();
        }
        case AttachmentState.Opening opening -> Optional.empty();
        case AttachmentState.Releasing releasing -> Optional.empty();
        case AttachmentState.Released released -> Optional.empty();
      };
    } finally {
      present.endOperation();
    }
  }

  private AttachedDevice open(VolumeAttachment attachment, TakeOver takeOver)
      throws IOException, InterruptedException {
    boolean opened = false;
    try {
      BlockVolume volume = openings.open(attachment.volumeName(), takeOver, OPERATION_DEADLINE);
      try {
        Device device = devices.make(volume, why -> failed(attachment, why));
        opened(attachment, device);
        opened = true;
        LOG.info(
            "volume {} attached: {} -> {}, {}",
            attachment.volumeName(),
            device.link(),
            device.loop().path(),
            volume.attachment());
        return describe(attachment, device);
      } finally {
        if (!opened) {
          closeVolume(volume, FORCED_CLOSE_DEADLINE);
        }
      }
    } finally {
      if (!opened) {
        forget(attachment);
      }
    }
  }

  /** Within an operation. It may have failed while it was made. */
  private void opened(VolumeAttachment attachment, Device device) {
    attachment.opened(device);
    if (attachment.hasFailed()) {
      removeLink(attachment, device);
    }
  }

  /** From any thread, which must not wait. All of this host's may be fenced in one moment. */
  private void failed(VolumeAttachment attachment, String why) {
    attachment.failed(why);
    var unused =
        Thread.ofVirtual()
            .name("remove-link of " + attachment.volumeName())
            .start(() -> removeLinkOfDead(attachment));
  }

  /** Whoever opens the volume by its name must not find the device of a fenced attachment. */
  private void removeLinkOfDead(VolumeAttachment attachment) {
    try {
      attachment.beginOperation(OPERATION_DEADLINE);
      try {
        attachment.device().ifPresent(device -> removeLink(attachment, device));
      } finally {
        attachment.endOperation();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (KurveException e) {
      LOG.warn("the link of volume {} still leads to its dead device", attachment.volumeName(), e);
    }
  }

  /** Within an operation: nobody else gets the device's number meanwhile. */
  private void removeLink(VolumeAttachment attachment, Device device) {
    try {
      devices.removeLink(device);
    } catch (IOException | KurveException e) {
      LOG.warn("the link of volume {} still leads to its dead device", attachment.volumeName(), e);
    }
  }

  private void detachNow(VolumeAttachment attachment, Duration flush)
      throws IOException, InterruptedException {
    attachment.beginOperation(OPERATION_DEADLINE);
    try {
      release(attachment, flush);
    } finally {
      attachment.endOperation();
    }
  }

  /** Within an operation. */
  private void release(VolumeAttachment attachment, Duration flush)
      throws IOException, InterruptedException {
    Device device = deviceOf(attachment);
    refuseWhileUsed(attachment, device);
    writeOut(attachment, device, flush);
    Device released = attachment.releasing();
    try {
      // Again: a program may have come, written and gone.
      devices.release(released, () -> writeOutLate(attachment, released, flush));
    } catch (IOException | KurveException e) {
      if (e instanceof KurveException refused && isKept(refused.code())) {
        attachment.keptAfterAll();
        throw e;
      }
      attachment.failed("taking its device down failed: " + e.getMessage());
      attachment.keptAfterAll();
      throw e;
    }
    forget(attachment);
    if (!closeVolume(released.volume(), OPERATION_DEADLINE)) {
      throw new KurveException(
          ErrorCode.UNAVAILABLE,
          "the device of volume "
              + attachment.volumeName()
              + " is gone, but its attachment could not be given up yet",
          "this host goes on trying; see `kurve cluster status` for what is missing");
    }
  }

  private void writeOut(VolumeAttachment attachment, Device device, Duration deadline)
      throws IOException, InterruptedException {
    if (!attachment.hasFailed()) {
      devices.flush(device, deadline);
    }
  }

  private void writeOutLate(VolumeAttachment attachment, Device device, Duration deadline)
      throws InterruptedException {
    try {
      writeOut(attachment, device, deadline);
    } catch (IOException e) {
      throw new KurveException(
          ErrorCode.UNAVAILABLE,
          "%s of volume %s stays attached, what was written to it last could not be written out: %s"
              .formatted(device.loop().path(), attachment.volumeName(), e.getMessage()),
          "detach it again, or by force and lose that",
          e);
    }
  }

  /** Whether a release that ends with this has left the device as it was. */
  private static boolean isKept(ErrorCode code) {
    return code == ErrorCode.IN_USE || code == ErrorCode.UNAVAILABLE;
  }

  private void detachByForce(VolumeAttachment attachment) throws IOException, InterruptedException {
    String why = "detached by force";
    // Before waiting for our turn: an ordinary detach may hang in the stall that this ends.
    boolean aborted = abort(attachment, why);
    attachment.beginOperation(OPERATION_DEADLINE);
    try {
      Device device = deviceOf(attachment);
      if (!aborted) { // it was being made: what stalls it now would hold the attachment, too
        boolean ignored = abort(attachment, why);
      }
      List<String> mountPoints = device.loop().users().mountPoints();
      Device released = attachment.releasing();
      try {
        devices.releaseByForce(released);
      } catch (IOException | RuntimeException e) {
        attachment.keptAfterAll();
        throw e;
      }
      forget(attachment);
      if (!mountPoints.isEmpty()) {
        LOG.warn(
            "{} of volume {} is still mounted at {} and answers EIO; it goes when it is unmounted",
            released.loop().path(),
            attachment.volumeName(),
            String.join(", ", mountPoints));
      }
      if (!closeVolume(released.volume(), FORCED_CLOSE_DEADLINE)) {
        LOG.warn(
            "{} of volume {} is not given up yet: the cluster does not answer; trying goes on",
            released.volume().attachment(),
            attachment.volumeName());
      }
    } finally {
      attachment.endOperation();
    }
  }

  private void refuseWhileUsed(VolumeAttachment attachment, Device device)
      throws IOException, InterruptedException {
    DeviceUsers users = devices.users(device);
    long end = System.nanoTime() + PASSING_USER_DEADLINE.toNanos();
    // Programs that look at each new block device (udev) come and go.
    while (!users.isClaimed() && !users.none() && System.nanoTime() < end) {
      Thread.sleep(POLL);
      users = devices.users(device);
    }
    if (!users.none()) {
      throw new KurveException(
          ErrorCode.IN_USE,
          "volume "
              + attachment.volumeName()
              + " is in use: "
              + device.loop().path()
              + " is "
              + users.describeOr(""),
          users.mountPoints().isEmpty()
              ? "stop what uses it, then detach"
              : "unmount it (umount " + users.mountPoints().getFirst() + "), then detach");
    }
  }

  private AttachedDevice resizeNow(VolumeAttachment attachment)
      throws IOException, InterruptedException {
    attachment.beginOperation(OPERATION_DEADLINE);
    try {
      Device device = deviceOf(attachment);
      var unused = await(device.volume().refresh().toCompletableFuture(), OPERATION_DEADLINE);
      devices.grow(device);
      return describe(attachment, device);
    } catch (TimeoutException e) {
      throw new KurveException(
          ErrorCode.DEADLINE_EXCEEDED,
          "the size of volume "
              + attachment.volumeName()
              + " could not be learned within "
              + OPERATION_DEADLINE.toSeconds()
              + " s",
          "see whether an MDS is up, then resize again",
          e);
    } finally {
      attachment.endOperation();
    }
  }

  /**
   * @return false when that is not done at the deadline; it goes on
   */
  private boolean closeVolume(BlockVolume volume, Duration deadline) throws InterruptedException {
    CompletableFuture<Void> closed =
        givingUp
            .start(volume.attachment() + " of volume " + volume.volume().name(), volume::close)
            .thenRun(() -> devices.forget(volume.attachment()));
    try {
      var unused = await(closed, deadline);
      return true;
    } catch (TimeoutException e) {
      return false;
    }
  }

  private static AttachedDevice describe(VolumeAttachment attachment, Device device)
      throws IOException {
    return new AttachedDevice(
        attachment.volumeName(),
        device.volume().volume().id(),
        device.volume().attachment(),
        device.loop().path().toString(),
        device.link().toString(),
        device.volume().volume().sizeBytes(),
        attachment.hasFailed() ? DeviceState.FAILED : DeviceState.READY,
        device.loop().users().mountPoints());
  }

  private VolumeAttachment putIfAbsent(VolumeAttachment fresh) {
    lock.lock();
    try {
      VolumeAttachment present = attachments.putIfAbsent(fresh.volumeName(), fresh);
      return present == null ? fresh : present;
    } finally {
      lock.unlock();
    }
  }

  private void forget(VolumeAttachment attachment) {
    attachment.released();
    lock.lock();
    try {
      attachments.remove(attachment.volumeName(), attachment);
    } finally {
      lock.unlock();
    }
  }

  private VolumeAttachment find(String volumeName) {
    lock.lock();
    try {
      VolumeAttachment attachment = attachments.get(volumeName);
      if (attachment == null) {
        throw notAttached(volumeName);
      }
      return attachment;
    } finally {
      lock.unlock();
    }
  }

  private List<VolumeAttachment> all() {
    lock.lock();
    try {
      return List.copyOf(attachments.values());
    } finally {
      lock.unlock();
    }
  }

  private static Device deviceOf(VolumeAttachment attachment) {
    return attachment.device().orElseThrow(() -> notAttached(attachment.volumeName()));
  }

  private static KurveException notAttached(String volumeName) {
    return new KurveException(
        ErrorCode.NOT_FOUND,
        "volume " + volumeName + " is not attached to this host",
        "`kurve volume info " + volumeName + "` says where it is attached");
  }

  private interface Operation<T> {
    T run() throws IOException, InterruptedException;
  }

  private interface Step {
    void run() throws IOException, InterruptedException;
  }

  private CompletableFuture<Void> runToEnd(String what, String volumeName, Step step) {
    CompletableFuture<Void> result = new CompletableFuture<>();
    var unused =
        run(
                what,
                volumeName,
                () -> {
                  step.run();
                  return true;
                })
            .whenComplete((done, failure) -> {
              if (failure == null) {
                result.complete(null);
              } else {
                result.completeExceptionally(failure);
              }
            });
    return result;
  }

  private <T> CompletableFuture<T> run(String what, String volumeName, Operation<T> operation) {
    CompletableFuture<T> result = new CompletableFuture<>();
    try {
      executor.execute(() -> complete(result, what + " of volume " + volumeName, operation));
    } catch (RejectedExecutionException e) {
      result.completeExceptionally(
          new KurveException(
              ErrorCode.OVERLOAD, "too many operations wait on this volume host", "try again", e));
    }
    return result;
  }

  private static <T> void complete(
      CompletableFuture<T> result, String what, Operation<T> operation) {
    try {
      result.complete(operation.run());
    } catch (KurveException e) {
      result.completeExceptionally(e);
    } catch (IOException e) {
      result.completeExceptionally(
          new KurveException(
              ErrorCode.INTERNAL, what + " failed: " + e.getMessage(), "see dmesg", e));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      result.completeExceptionally(
          new KurveException(
              ErrorCode.UNAVAILABLE,
              what + " was interrupted: the volume host is going down",
              "try again when it is back",
              e));
    } catch (RuntimeException e) { // a task's top level: the caller gets it
      result.completeExceptionally(e);
    }
  }

  private static <T> T await(CompletableFuture<T> stage, Duration deadline)
      throws InterruptedException, TimeoutException {
    try {
      return stage.get(deadline.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof KurveException known) {
        throw known;
      }
      throw new IllegalStateException("a volume broke its word on how it fails", e.getCause());
    }
  }
}
