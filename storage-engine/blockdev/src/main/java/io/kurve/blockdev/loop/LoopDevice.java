package io.kurve.blockdev.loop;

import io.kurve.blockdev.posix.DescriptorOwner;
import io.kurve.blockdev.posix.Errno;
import io.kurve.blockdev.posix.OwnedDescriptor;
import io.kurve.blockdev.posix.Posix;
import io.kurve.blockdev.posix.PosixException;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A configured loop device. It is held open for reading, so that it can't be cleared and given to
 * another file while it is ours.
 */
public final class LoopDevice {
  private static final Logger LOG = LoggerFactory.getLogger(LoopDevice.class);
  private static final Duration CLEAR_DEADLINE = Duration.ofSeconds(5);
  private static final Duration POLL = Duration.ofMillis(10);

  private final Posix posix;
  private final LoopControl control;
  private final DescriptorOwner descriptors;
  private final OwnedDescriptor descriptor;
  private final int number;
  private final DeviceNumber identity;

  LoopDevice(
      Posix posix,
      LoopControl control,
      DescriptorOwner descriptors,
      OwnedDescriptor descriptor,
      int number,
      DeviceNumber identity) {
    this.posix = posix;
    this.control = control;
    this.descriptors = descriptors;
    this.descriptor = descriptor;
    this.number = number;
    this.identity = identity;
  }

  public Path path() {
    return Path.of("/dev/loop" + number);
  }

  boolean isDirect() throws IOException {
    return using(fd -> control.status(fd, name()).direct());
  }

  /** The inode number of the backing file. */
  public long backingInode() throws IOException {
    return using(fd -> control.status(fd, name()).backingInode());
  }

  public long sizeBytes() throws IOException {
    return using(fd -> control.sizeBytes(fd, name()));
  }

  /** Takes the backing file's new size over; the file system above may then grow. */
  public void grow() throws IOException {
    using(fd -> {
      control.updateCapacity(fd, name());
      return true;
    });
  }

  public DeviceUsers users() throws IOException {
    return DeviceUsers.find("loop" + number, identity.toString());
  }

  /**
   * Writes what the kernel's cache holds of the device.
   *
   * @throws KurveException UNAVAILABLE at the deadline: the write-out goes on, and this may be
   *     tried again
   */
  public void flush(Duration deadline) throws IOException {
    CompletableFuture<Boolean> done = new CompletableFuture<>();
    // A thread of its own: under a stall it waits where no interrupt reaches it.
    Thread.ofPlatform()
        .daemon()
        .name("flush-loop" + number)
        .start(() -> {
          try {
            done.complete(
                using(fd -> {
                  posix.fsync(fd, name());
                  return true;
                }));
          } catch (IOException | RuntimeException e) {
            done.completeExceptionally(e);
          }
        });
    try {
      boolean ignored = done.orTimeout(deadline.toMillis(), TimeUnit.MILLISECONDS).join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof TimeoutException) {
        throw new KurveException(
            ErrorCode.UNAVAILABLE,
            "what is cached of "
                + name()
                + " could not be written within "
                + deadline.toSeconds()
                + " s",
            "wait until the volume answers again, or detach it by force and lose that",
            e);
      }
      if (e.getCause() instanceof IOException failed) {
        throw failed;
      }
      throw e;
    }
  }

  /**
   * Gives the device up, which nobody may be using.
   *
   * @throws KurveException IN_USE when the kernel says that somebody does
   */
  public void releaseUnused() throws IOException, InterruptedException {
    int exclusive;
    try {
      exclusive = posix.open(name(), Posix.O_RDONLY | Posix.O_EXCL);
    } catch (PosixException e) {
      if (e.is(Errno.EBUSY)) {
        throw new KurveException(
            ErrorCode.IN_USE,
            name() + " is in use: " + users().describeOr("mounted where this host can't see it"),
            "unmount it, then detach",
            e);
      }
      throw e;
    }
    try {
      // As the only opener left, clear lets nobody in any more.
      descriptors.close(descriptor.attachment(), descriptor.role());
      control.clear(exclusive, name());
    } catch (PosixException e) {
      if (!e.is(Errno.ENXIO)) { // cleared before
        throw e;
      }
    } finally {
      posix.close(exclusive);
    }
    awaitCleared();
  }

  /**
   * Gives the device up, whoever uses it: then it goes with the last of them. Without effect when
   * it was given up before.
   */
  public void release() throws IOException {
    if (!descriptor.enter()) {
      return;
    }
    try {
      control.clear(descriptor.number(), name());
    } catch (PosixException e) {
      if (!e.is(Errno.ENXIO)) { // cleared before
        throw e;
      }
    } finally {
      descriptor.exit();
      descriptors.close(descriptor.attachment(), descriptor.role());
    }
  }

  private void awaitCleared() throws IOException, InterruptedException {
    long end = System.nanoTime() + CLEAR_DEADLINE.toNanos();
    while (LoopDevices.backingFile(number).isPresent()) {
      if (System.nanoTime() > end) {
        LOG.warn("{} is still open somewhere: it goes when the last process closes it", path());
        return;
      }
      Thread.sleep(POLL);
    }
  }

  private String name() {
    return path().toString();
  }

  private interface Use<T> {
    T with(int fd) throws IOException;
  }

  private <T> T using(Use<T> use) throws IOException {
    if (!descriptor.enter()) {
      throw new KurveException(ErrorCode.NOT_FOUND, name() + " was given up", "attach again");
    }
    try {
      return use.with(descriptor.number());
    } finally {
      descriptor.exit();
    }
  }
}
