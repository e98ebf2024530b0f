package io.kurve.blockdev.fuse;

import io.kurve.blockdev.posix.DescriptorOwner;
import io.kurve.blockdev.posix.Errno;
import io.kurve.blockdev.posix.OwnedDescriptor;
import io.kurve.blockdev.posix.Posix;
import io.kurve.blockdev.posix.PosixException;
import io.kurve.client.BlockVolume;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.FaultHandler;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.AttachmentId;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;

/** Makes mounts, each in a directory of its own named after the attachment. */
public final class FuseMounts {
  public static final Path DEVICE = Path.of("/dev/fuse");

  /** As it shows in /proc/mounts. */
  public static final String TYPE = "fuse.kurve";

  private static final Duration NEGOTIATION_DEADLINE = Duration.ofSeconds(10);

  /** More than a host ever has open besides, and half of what it may have, if that is less. */
  private static final int HIGHEST_LEAST_NUMBER = 4096;

  private static final int LOWEST_LEAST_NUMBER = 256;

  private final Posix posix;
  private final DescriptorOwner descriptors;
  private final Path parent;
  private final FuseLimits limits;
  private final FuseMetrics metrics;
  private final FaultHandler faults;

  /**
   * @param parent where the mounts' directories are made
   */
  public FuseMounts(
      Posix posix,
      DescriptorOwner descriptors,
      Path parent,
      FuseLimits limits,
      FuseMetrics metrics,
      FaultHandler faults) {
    this.posix = posix;
    this.descriptors = descriptors;
    this.parent = parent;
    this.limits = limits;
    this.metrics = metrics;
    this.faults = faults;
  }

  /** Makes the directory for a mount, durably. */
  public void remember(AttachmentId attachment) throws IOException {
    Files.createDirectories(parent.resolve(attachment.toString()));
    try (FileChannel names = FileChannel.open(parent)) {
      names.force(true);
    }
  }

  /**
   * @param volume whose attachment has its directory
   * @param onRefused told why, once, when the mount has become EIO for ever
   * @throws KurveException UNSUPPORTED when this machine or user can't mount
   */
  public FuseMount mount(BlockVolume volume, Consumer<String> onRefused)
      throws IOException, InterruptedException {
    BufferPool pool = new BufferPool(posix, limits);
    int number = openDevice();
    OwnedDescriptor descriptor =
        descriptors.own(volume.attachment(), OwnedDescriptor.Role.FUSE_CONNECTION, number);
    Path directory = parent.resolve(volume.attachment().toString());
    try {
      mountOn(directory, number, volume);
    } catch (IOException | RuntimeException e) {
      descriptors.close(volume.attachment(), OwnedDescriptor.Role.FUSE_CONNECTION);
      throw e;
    }
    FuseReplies replies = new FuseReplies(posix, descriptor, pool);
    DataRequests data = new DataRequests(volume, replies, metrics, onRefused);
    FuseConnection connection =
        new FuseConnection(posix, descriptor, volume, limits, pool, replies, data);
    FuseMount mount = new FuseMount(posix, descriptors, directory, volume, pool, data, connection);
    connection.start(faults);
    awaitNegotiation(mount, connection, directory);
    return mount;
  }

  /** Removes the directory that a mount had. */
  public void forget(AttachmentId attachment) throws IOException {
    Files.deleteIfExists(parent.resolve(attachment.toString()));
  }

  /** The volume's series go with its last mount on this host. */
  public void forgetMetrics(String volumeName) {
    metrics.forget(volumeName);
  }

  private static void awaitNegotiation(FuseMount mount, FuseConnection connection, Path directory)
      throws IOException, InterruptedException {
    try {
      connection
          .negotiated()
          .orTimeout(NEGOTIATION_DEADLINE.toMillis(), TimeUnit.MILLISECONDS)
          .join();
    } catch (CompletionException e) {
      mount.close();
      if (e.getCause() instanceof KurveException known) {
        throw known;
      }
      if (e.getCause() instanceof TimeoutException) {
        throw new KurveException(
            ErrorCode.UNAVAILABLE,
            "the kernel did not start to talk FUSE on " + directory,
            "look in dmesg for the reason",
            e);
      }
      throw e;
    }
  }

  /**
   * Above all loop devices. When a process dies, the kernel lets its descriptors go from the
   * highest number down, and whoever lets a block device go last writes its dirty pages out first.
   * Those of ours would wait for this connection, which nobody serves any more, and it would wait
   * behind them to be closed: a killed host would never end, nor would anybody who uses its
   * devices. Closed first it fails all that.
   */
  private int openDevice() throws PosixException {
    int number = openLow();
    for (int least = HIGHEST_LEAST_NUMBER; least >= LOWEST_LEAST_NUMBER; least /= 2) {
      try {
        return posix.renumber(number, least);
      } catch (PosixException e) {
        if (!e.is(Errno.EINVAL)) { // above the limit of this process
          posix.close(number);
          throw e;
        }
      }
    }
    return number;
  }

  private int openLow() throws PosixException {
    try {
      return posix.open(DEVICE.toString(), Posix.O_RDWR);
    } catch (PosixException e) {
      if (e.is(Errno.ENOENT) || e.is(Errno.ENODEV) || e.is(Errno.ENXIO)) {
        throw new KurveException(
            ErrorCode.UNSUPPORTED,
            "no block device here: " + e.getMessage(),
            "load the module (modprobe fuse), or give the container " + DEVICE,
            e);
      }
      throw needsRoot(e);
    }
  }

  private void mountOn(Path directory, int number, BlockVolume volume) throws PosixException {
    String options = "fd=" + number + ",rootmode=40000,user_id=0,group_id=0";
    try {
      posix.mount(
          "kurve-" + volume.attachment(),
          directory.toString(),
          TYPE,
          Posix.MS_NOSUID | Posix.MS_NODEV | Posix.MS_NOEXEC,
          options);
    } catch (PosixException e) {
      throw needsRoot(e);
    }
  }

  private static KurveException needsRoot(PosixException e) {
    if (e.is(Errno.EPERM) || e.is(Errno.EACCES)) {
      return new KurveException(
          ErrorCode.UNSUPPORTED,
          "no block device here: " + e.getMessage(),
          "run the volume host as root, with CAP_SYS_ADMIN",
          e);
    }
    return new KurveException(
        ErrorCode.UNSUPPORTED, "no block device here: " + e.getMessage(), "see dmesg", e);
  }
}
