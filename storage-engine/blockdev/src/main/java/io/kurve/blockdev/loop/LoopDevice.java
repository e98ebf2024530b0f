package io.kurve.blockdev.loop;

import io.kurve.blockdev.posix.DescriptorOwner;
import io.kurve.blockdev.posix.Errno;
import io.kurve.blockdev.posix.OwnedDescriptor;
import io.kurve.blockdev.posix.Posix;
import io.kurve.blockdev.posix.PosixException;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A configured loop device. It is held open for reading, so that it can't be cleared and given to
 * another file while it is ours.
 */
public final class LoopDevice {
  private static final Duration CLEAR_DEADLINE = Duration.ofSeconds(5);

  /** For programs that look at each block device (udev): they come and go. */
  private static final Duration OTHERS_DEADLINE = Duration.ofSeconds(2);

  private static final Duration POLL = Duration.ofMillis(10);

  private final Posix posix;
  private final LoopControl control;
  private final DescriptorOwner descriptors;
  private final int number;

  /** Another one after a release that was taken back. */
  private volatile OwnedDescriptor descriptor;

  /** From then on the number can be another device's. */
  private volatile boolean released;

  /** The last that was started, until somebody has heard how it ended. */
  private @Nullable Process writeOut;

  LoopDevice(
      Posix posix,
      LoopControl control,
      DescriptorOwner descriptors,
      OwnedDescriptor descriptor,
      int number) {
    this.posix = posix;
    this.control = control;
    this.descriptors = descriptors;
    this.descriptor = descriptor;
    this.number = number;
  }

  public Path path() {
    return Path.of("/dev/loop" + number);
  }

  public int number() {
    return number;
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
    return users(Set.of());
  }

  /**
   * @param own processes that have it open on this one's behalf
   */
  public DeviceUsers users(Set<Long> own) throws IOException {
    if (released) {
      return DeviceUsers.NONE;
    }
    Set<Long> ours = new TreeSet<>(own);
    runningWriteOut().ifPresent(ours::add);
    return DeviceUsers.find(number, ours);
  }

  /**
   * Writes what the kernel's cache holds of the device. A process of its own waits for that: one
   * that serves the device and is killed while a thread of it waited would wait for itself, for
   * ever.
   *
   * @throws KurveException UNAVAILABLE at the deadline: the write-out goes on, and this may be
   *     tried again
   * @throws IOException also when one that went on has failed since: the kernel tells that once
   */
  public void flush(Duration deadline) throws IOException, InterruptedException {
    Process writing = startWriteOut();
    if (!writing.waitFor(deadline.toMillis(), TimeUnit.MILLISECONDS)) {
      throw new KurveException(
          ErrorCode.UNAVAILABLE,
          "what is cached of "
              + name()
              + " could not be written within "
              + deadline.toSeconds()
              + " s",
          "wait until the volume answers again, or detach it by force and lose that");
    }
    requireWritten(writing);
  }

  private synchronized Process startWriteOut() throws IOException {
    if (writeOut != null && !writeOut.isAlive()) {
      requireWritten(writeOut);
    }
    if (writeOut == null) {
      writeOut = new ProcessBuilder("sync", "-d", name()).redirectErrorStream(true).start();
    }
    return writeOut;
  }

  private synchronized void requireWritten(Process ended) throws IOException {
    if (ended.equals(writeOut)) {
      writeOut = null;
    }
    if (ended.exitValue() != 0) {
      throw new IOException("what is cached of " + name() + " was not written: " + said(ended));
    }
  }

  private synchronized Optional<Long> runningWriteOut() {
    return Optional.ofNullable(writeOut).filter(Process::isAlive).map(Process::pid);
  }

  private static String said(Process ended) throws IOException {
    return new String(ended.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
  }

  /** What is done while its number is still this device's. */
  public interface Step {
    void run() throws IOException;
  }

  /** Writes out what came late; throws nothing else when that fails. */
  public interface WriteOut {
    void run() throws InterruptedException;
  }

  /**
   * Gives the device up, which nobody may be using. Without effect when it was given up before.
   *
   * @param late done while nobody can mount it any more, before each try to clear it: that drops
   *     what is cached
   * @param letGo ends what has it open on this one's behalf
   * @param before done once it is sure to go
   * @throws KurveException IN_USE when the kernel says that somebody does, or what {@code late}
   *     throws: then the device is as it was
   */
  public void releaseUnused(WriteOut late, Step letGo, Step before)
      throws IOException, InterruptedException {
    if (released) {
      return;
    }
    int exclusive;
    try {
      exclusive = posix.open(name(), Posix.O_RDONLY | Posix.O_EXCL);
    } catch (PosixException e) {
      if (e.is(Errno.EBUSY)) {
        throw inUse("mounted where this host can't see it");
      }
      throw e;
    }
    try {
      late.run();
      letGo.run();
      descriptors.close(descriptor.attachment(), descriptor.role());
      clearAsOnlyOpener(exclusive, late);
      released = true;
      before.run();
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
   * As the only opener left, clear lets nobody in any more. Else it marks the device to go with the
   * last of them, and by then what they write could go nowhere.
   */
  private void clearAsOnlyOpener(int exclusive, WriteOut late)
      throws IOException, InterruptedException {
    try {
      if (!isClearedAsOnlyOpener(exclusive, late)) {
        throw inUse("open where this host can't see it");
      }
    } catch (KurveException e) {
      takeBack(exclusive);
      throw e;
    }
  }

  private boolean isClearedAsOnlyOpener(int exclusive, WriteOut late)
      throws IOException, InterruptedException {
    long end = System.nanoTime() + OTHERS_DEADLINE.toNanos();
    while (true) {
      control.clear(exclusive, name());
      try {
        LoopControl.Status ignored = control.status(exclusive, name());
      } catch (PosixException e) {
        if (e.is(Errno.ENXIO)) {
          return true;
        }
        if (!DeadDevices.isDisconnected(e)) {
          throw e;
        }
      }
      if (System.nanoTime() - end > 0) {
        return false;
      }
      Thread.sleep(POLL);
      late.run(); // whoever had it open may have written and gone
    }
  }

  private void takeBack(int exclusive) throws PosixException {
    try {
      control.keep(exclusive, name());
    } catch (PosixException e) {
      if (!DeadDevices.isDisconnected(e)) { // of a dead one nothing can be lost
        throw e;
      }
    }
    descriptor =
        descriptors.own(
            descriptor.attachment(), descriptor.role(), posix.open(name(), Posix.O_RDONLY));
  }

  private KurveException inUse(String nothingKnown) throws IOException {
    return new KurveException(
        ErrorCode.IN_USE,
        name() + " is in use: " + users().describeOr(nothingKnown),
        "unmount or close it, then detach");
  }

  /**
   * Gives the device up, whoever uses it: then it goes with the last of them. Without effect when
   * it was given up before.
   *
   * @param before done while it is held
   */
  public void release(Step before) throws IOException {
    OwnedDescriptor held = descriptor;
    if (!held.enter()) {
      return;
    }
    try {
      before.run();
    } finally {
      clear(held);
    }
  }

  private void clear(OwnedDescriptor held) throws IOException {
    released = true;
    try {
      control.clear(held.number(), name());
    } catch (PosixException e) {
      if (!e.is(Errno.ENXIO)) { // cleared before
        throw e;
      }
    } finally {
      held.exit();
      descriptors.close(held.attachment(), held.role());
    }
  }

  private void awaitCleared() throws IOException, InterruptedException {
    long end = System.nanoTime() + CLEAR_DEADLINE.toNanos();
    while (LoopDevices.backingFile(number).isPresent()) {
      if (System.nanoTime() - end > 0) {
        throw new IOException(name() + " did not let its file go, though nobody else had it open");
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
    OwnedDescriptor held = descriptor;
    if (!held.enter()) {
      throw new KurveException(ErrorCode.NOT_FOUND, name() + " was given up", "attach again");
    }
    try {
      return use.with(held.number());
    } finally {
      held.exit();
    }
  }
}
