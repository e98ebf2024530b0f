package io.kurve.blockdev.loop;

import io.kurve.blockdev.fuse.FuseMounts;
import io.kurve.blockdev.posix.Errno;
import io.kurve.blockdev.posix.MountTable;
import io.kurve.blockdev.posix.Posix;
import io.kurve.blockdev.posix.PosixException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells a device whose volume host is dead from one that is served, whichever host of this machine
 * it was, and clears it.
 *
 * <p>The sign: asked for a device's status, the kernel asks for the attributes of the file behind
 * it, and a FUSE connection whose process is gone says "not connected". A living host answers, also
 * when its volume stalls or is fenced; one that is stopped does not answer and counts as living.
 */
public final class DeadDevices {
  private static final Logger LOG = LoggerFactory.getLogger(DeadDevices.class);
  private static final Pattern FILE = Pattern.compile("attachment-[1-9][0-9]{0,17}");
  private static final Duration ANSWER_DEADLINE = Duration.ofSeconds(2);

  private final Posix posix;
  private final LoopControl control;

  public DeadDevices(Posix posix) {
    this.posix = posix;
    this.control = new LoopControl(posix);
  }

  /** What became of a device. */
  enum Outcome {
    /** Its host is dead; the device and its mount are cleared. */
    CLEARED,
    /** Its host is dead, but somebody has the device mounted or claimed. */
    STILL_USED,
    /** Its host lives. */
    SERVED
  }

  /** Whether the device is a volume's, of any host. */
  static boolean isVolume(BoundLoop loop) {
    return FILE.matcher(loop.backingFile().getFileName().toString()).matches();
  }

  /** Whether this is what the file of a dead FUSE connection answers. */
  static boolean isDisconnected(PosixException e) {
    return e.is(Errno.ENOTCONN) || e.is(Errno.ECONNABORTED);
  }

  Outcome clearIfDead(BoundLoop loop) throws IOException {
    if (!hasDeadHost(loop)) {
      return Outcome.SERVED;
    }
    String name = loop.device().toString();
    int exclusive;
    try {
      exclusive = posix.open(name, Posix.O_RDONLY | Posix.O_EXCL);
    } catch (PosixException e) {
      if (e.is(Errno.EBUSY)) {
        return Outcome.STILL_USED;
      }
      throw e;
    }
    try {
      if (!isStillDead(exclusive, loop)) {
        return Outcome.SERVED;
      }
      control.clear(exclusive, name);
    } catch (PosixException e) {
      if (!e.is(Errno.ENXIO)) { // cleared meanwhile
        throw e;
      }
    } finally {
      posix.close(exclusive);
    }
    unmount(loop.backingFile().resolve("..").normalize());
    LOG.warn("cleared {} ({}), which a dead volume host left", name, loop.backingFile());
    return Outcome.CLEARED;
  }

  /** What is done while a dead device is held. */
  interface Step {
    void run() throws IOException;
  }

  /**
   * Clears it also when it is mounted: then it goes with the last unmount.
   *
   * @param before its number can be another device's after that
   * @return false when its host lives, or the number is another device's by now
   */
  boolean clearUsed(BoundLoop loop, Step before) throws IOException {
    String name = loop.device().toString();
    int device = posix.open(name, Posix.O_RDONLY);
    try {
      if (!isStillDead(device, loop)) {
        return false;
      }
      before.run();
      control.clear(device, name);
      return true;
    } finally {
      posix.close(device);
    }
  }

  /** While it is open here nobody can bind it anew: what is found now stays so. */
  private boolean isStillDead(int device, BoundLoop loop) throws IOException {
    return LoopDevices.backingFile(loop.number()).equals(Optional.of(loop.backingFile()))
        && isDisconnected(device, loop);
  }

  private boolean hasDeadHost(BoundLoop loop) throws IOException {
    int device = posix.open(loop.device().toString(), Posix.O_RDONLY);
    try {
      return isDisconnected(device, loop);
    } finally {
      posix.close(device);
    }
  }

  private boolean isDisconnected(int device, BoundLoop loop) throws IOException {
    CompletableFuture<Boolean> disconnected = new CompletableFuture<>();
    // A thread of its own: a stopped host keeps it waiting where no interrupt reaches it.
    Thread.ofPlatform()
        .daemon()
        .name("status-loop" + loop.number())
        .start(() -> {
          try {
            LoopControl.Status ignored = control.status(device, loop.device().toString());
            disconnected.complete(false);
          } catch (PosixException e) {
            if (isDisconnected(e) || e.is(Errno.ENXIO)) {
              disconnected.complete(true);
            } else {
              disconnected.completeExceptionally(e);
            }
          }
        });
    try {
      return disconnected.orTimeout(ANSWER_DEADLINE.toMillis(), TimeUnit.MILLISECONDS).join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof TimeoutException) {
        return false;
      }
      if (e.getCause() instanceof IOException failed) {
        throw failed;
      }
      throw e;
    }
  }

  private void unmount(Path directory) throws IOException {
    for (MountTable.Mount mount : MountTable.own().mounts()) {
      if (mount.type().equals(FuseMounts.TYPE) && Path.of(mount.point()).equals(directory)) {
        posix.unmount(mount.point(), Posix.MNT_FORCE | Posix.MNT_DETACH);
      }
    }
  }
}
