package io.kurve.blockdev.fuse;

import io.kurve.blockdev.posix.DescriptorOwner;
import io.kurve.blockdev.posix.Errno;
import io.kurve.blockdev.posix.OwnedDescriptor;
import io.kurve.blockdev.posix.Posix;
import io.kurve.blockdev.posix.PosixException;
import io.kurve.client.BlockVolume;
import io.kurve.client.Resumption;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.FaultHandler;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.AttachmentId;
import io.kurve.core.metadata.Volume;
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
    int number = openDevice();
    OwnedDescriptor descriptor =
        descriptors.own(volume.attachment(), OwnedDescriptor.Role.FUSE_CONNECTION, number);
    Path directory = parent.resolve(volume.attachment().toString());
    FuseMount.Parts parts;
    try {
      FlightTable flights = ownFlights(volume.attachment());
      mountOn(directory, number, volume);
      parts = parts(descriptor, volume, limits, flights, onRefused);
    } catch (IOException | RuntimeException e) {
      closeAll(volume.attachment());
      throw e;
    }
    FuseMount mount = new FuseMount(posix, descriptors, directory, volume, parts);
    parts.connection().start(faults);
    awaitNegotiation(mount, parts.connection(), directory);
    return mount;
  }

  private FlightTable ownFlights(AttachmentId attachment) throws PosixException {
    int number = posix.memoryFile("kurve-" + attachment, FlightTable.BYTES);
    OwnedDescriptor owned = descriptors.own(attachment, OwnedDescriptor.Role.FLIGHT_TABLE, number);
    return FlightTable.map(posix, owned.number(), false);
  }

  /**
   * A mount that another process made and served until it ended.
   *
   * @param known its limits, as the kernel was told; its descriptors are owned already
   * @param resends whether the kernel sends unanswered requests again
   */
  public Inherited inherit(AttachmentId attachment, FuseLimits known, boolean resends)
      throws PosixException {
    OwnedDescriptor connection = owned(attachment, OwnedDescriptor.Role.FUSE_CONNECTION);
    OwnedDescriptor table = owned(attachment, OwnedDescriptor.Role.FLIGHT_TABLE);
    return new Inherited(
        attachment, known, resends, connection, FlightTable.map(posix, table.number(), true));
  }

  private OwnedDescriptor owned(AttachmentId attachment, OwnedDescriptor.Role role) {
    return descriptors.of(attachment).stream()
        .filter(descriptor -> descriptor.role() == role)
        .findFirst()
        .orElseThrow(() -> new IllegalStateException(attachment + " has no " + role));
  }

  /** A mount on its way from one process to the next. */
  public final class Inherited {
    private final AttachmentId attachment;
    private final FuseLimits known;
    private final boolean resends;
    private final OwnedDescriptor connection;
    private final FlightTable flights;

    private Inherited(
        AttachmentId attachment,
        FuseLimits known,
        boolean resends,
        OwnedDescriptor connection,
        FlightTable flights) {
      this.attachment = attachment;
      this.known = known;
      this.resends = resends;
      this.connection = connection;
      this.flights = flights;
    }

    /** With what its volume is resumed. */
    public Resumption resumption(Volume volume) {
      return new Resumption(volume, attachment, flights.highest(), flights.unanswered());
    }

    /** Whether its last process had answered all. */
    public boolean wasIdle() {
      return flights.wasIdle();
    }

    /**
     * Serves it. The kernel is asked again for what the last process did not answer.
     *
     * @param onRefused told why, once, when the mount has become EIO for ever
     */
    public FuseMount serve(BlockVolume volume, Consumer<String> onRefused) throws IOException {
      boolean askAgain = !flights.wasIdle();
      flights.idle(false);
      FuseMount.Parts parts = parts(connection, volume, known, flights, onRefused);
      FuseMount mount =
          new FuseMount(posix, descriptors, parent.resolve(attachment.toString()), volume, parts);
      parts.connection().resume(faults, askAgain, resends);
      return mount;
    }
  }

  private FuseMount.Parts parts(
      OwnedDescriptor descriptor,
      BlockVolume volume,
      FuseLimits agreed,
      FlightTable flights,
      Consumer<String> onRefused)
      throws PosixException {
    BufferPool pool = new BufferPool(posix, agreed);
    FuseReplies replies = new FuseReplies(posix, descriptor, pool);
    DataRequests data = new DataRequests(volume, replies, flights, metrics, onRefused);
    // Its device may be idle: no request would tell.
    var unused = volume.fenced().thenAccept(data::refuse);
    FuseConnection connection =
        new FuseConnection(posix, descriptor, volume, agreed, pool, replies, data);
    return new FuseMount.Parts(agreed, pool, data, flights, connection);
  }

  private void closeAll(AttachmentId attachment) {
    descriptors.close(attachment, OwnedDescriptor.Role.FUSE_CONNECTION);
    descriptors.close(attachment, OwnedDescriptor.Role.FLIGHT_TABLE);
  }

  /** What a mount agrees on with the kernel. */
  public FuseLimits limits() {
    return limits;
  }

  /** Ends a mount that nobody serves: what waits in it fails. */
  public void abort(AttachmentId attachment) throws PosixException {
    try {
      posix.unmount(
          parent.resolve(attachment.toString()).toString(), Posix.MNT_FORCE | Posix.MNT_DETACH);
    } catch (PosixException e) {
      if (!e.is(Errno.EINVAL) && !e.is(Errno.ENOENT)) { // not mounted any more is fine
        throw e;
      }
    }
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

  private int openDevice() throws PosixException {
    int number = openLow();
    try {
      return posix.raise(number);
    } catch (PosixException e) {
      posix.close(number);
      throw e;
    }
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
