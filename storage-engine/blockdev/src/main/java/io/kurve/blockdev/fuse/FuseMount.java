package io.kurve.blockdev.fuse;

import io.kurve.blockdev.posix.DescriptorOwner;
import io.kurve.blockdev.posix.Errno;
import io.kurve.blockdev.posix.OwnedDescriptor;
import io.kurve.blockdev.posix.Posix;
import io.kurve.blockdev.posix.PosixException;
import io.kurve.client.BlockVolume;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A mount with one file that is the volume. It serves one attachment from its making to its end:
 * once refused, it is EIO for ever.
 */
public final class FuseMount {
  private static final Logger LOG = LoggerFactory.getLogger(FuseMount.class);
  private static final Duration END_DEADLINE = Duration.ofSeconds(5);

  private final Posix posix;
  private final DescriptorOwner descriptors;
  private final Path directory;
  private final BlockVolume volume;
  private final BufferPool pool;
  private final DataRequests data;
  private final FlightTable flights;
  private final FuseLimits limits;
  private final FuseConnection connection;

  FuseMount(
      Posix posix, DescriptorOwner descriptors, Path directory, BlockVolume volume, Parts parts) {
    this.posix = posix;
    this.descriptors = descriptors;
    this.directory = directory;
    this.volume = volume;
    this.pool = parts.pool();
    this.data = parts.data();
    this.flights = parts.flights();
    this.connection = parts.connection();
    this.limits = parts.limits();
  }

  /** What works for one mount. */
  record Parts(
      FuseLimits limits,
      BufferPool pool,
      DataRequests data,
      FlightTable flights,
      FuseConnection connection) {}

  /** Reads and writes of it are the volume's. Its inode number is the attachment id. */
  public Path file() {
    return directory.resolve(volume.attachment().toString());
  }

  /** Requests that have no answer yet. */
  public int inFlight() {
    return Math.max(0, pool.inUse() - connection.aliveReaders());
  }

  /** As the kernel was told. */
  public FuseLimits limits() {
    return limits;
  }

  /** Whether the kernel sends unanswered requests again to a successor. */
  public boolean resends() {
    return connection.resends();
  }

  /**
   * Leaves all to a successor: reads nothing more and waits for the answers to what was read. After
   * this only the end of this process may follow.
   *
   * @return false when the kernel still has requests without an answer at the deadline
   */
  public boolean handOver(Duration deadline) throws InterruptedException {
    long end = System.nanoTime() + deadline.toNanos();
    boolean idle =
        connection.stopReading(deadline)
            && pool.awaitInUseAtMost(0, Duration.ofNanos(Math.max(0, end - System.nanoTime())));
    flights.idle(idle);
    return idle;
  }

  /** Every request from now on is EIO; those that are in flight end as the volume ends them. */
  public void refuse(String why) {
    data.refuse(why);
  }

  /**
   * Waits until all that was in flight is answered.
   *
   * @return false at the deadline
   */
  public boolean awaitIdle(Duration deadline) throws InterruptedException {
    return pool.awaitInUseAtMost(connection.aliveReaders(), deadline);
  }

  /**
   * Makes the kernel answer everything with an error, what is in flight too, now and for ever,
   * whatever the volume does. Needs no answer from us.
   */
  public void abort() throws PosixException {
    try {
      posix.unmount(directory.toString(), Posix.MNT_FORCE);
    } catch (PosixException e) {
      // Busy: somebody, a loop device mostly, has the file open. The abort came first all the same.
      if (!e.is(Errno.EBUSY) && !e.is(Errno.EINVAL)) {
        throw e;
      }
    }
  }

  /**
   * Unmounts, and leaves the directory; when the file is still open somewhere, what is done with it
   * fails from now on.
   */
  public void close() throws IOException, InterruptedException {
    try {
      posix.unmount(directory.toString(), 0);
    } catch (PosixException e) {
      if (e.is(Errno.EBUSY)) {
        LOG.info("{} is busy: aborting and detaching it", directory);
        posix.unmount(directory.toString(), Posix.MNT_FORCE | Posix.MNT_DETACH);
      } else if (!e.is(Errno.EINVAL) && !e.is(Errno.ENOENT)) { // not mounted any more is fine
        throw e;
      }
    }
    pool.close();
    boolean ended = connection.awaitEnd(END_DEADLINE);
    descriptors.close(volume.attachment(), OwnedDescriptor.Role.FUSE_CONNECTION);
    descriptors.close(volume.attachment(), OwnedDescriptor.Role.FLIGHT_TABLE);
    if (!ended) {
      throw new KurveException(
          ErrorCode.INTERNAL,
          "the readers of " + directory + " did not end within " + END_DEADLINE.toSeconds() + " s",
          "look in `grep fuse /proc/mounts` for a mount that keeps the connection open");
    }
  }
}
