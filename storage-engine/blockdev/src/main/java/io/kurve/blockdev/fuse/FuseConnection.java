package io.kurve.blockdev.fuse;

import io.kurve.blockdev.posix.Errno;
import io.kurve.blockdev.posix.OwnedDescriptor;
import io.kurve.blockdev.posix.Posix;
import io.kurve.blockdev.posix.PosixException;
import io.kurve.blockdev.posix.PosixProcesses;
import io.kurve.client.BlockVolume;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.FaultHandler;
import io.kurve.core.failure.KurveException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads the kernel's requests for one mount and sees to it that each is answered.
 *
 * <pre>
 *   /dev/fuse --read(2)--> reader threads --> BlockVolume --> its threads --write(2)--> /dev/fuse
 *        (one descriptor, shared)   |
 *                                   +--> look-ups, attributes: answered on the spot
 * </pre>
 *
 * The readers end when the kernel ends the connection, by unmount or abort, and when a successor is
 * to read on: then a signal takes them out of the kernel, with no request in hand.
 *
 * <p>A successor first asks the kernel to send again what it has no answer to. That comes before
 * all else, so one reader alone reads until it meets a request that is new, or none: then it knows
 * which of its predecessor's requests were answered.
 */
final class FuseConnection {
  private static final Logger LOG = LoggerFactory.getLogger(FuseConnection.class);
  private static final Duration WAKE_PERIOD = Duration.ofMillis(2);

  private final Posix posix;
  private final OwnedDescriptor descriptor;
  private final BlockVolume volume;
  private final FuseLimits limits;
  private final BufferPool pool;
  private final FuseReplies replies;
  private final DataRequests data;

  /** Guards {@link #wakeable}. */
  private final ReentrantLock wakeableLock = new ReentrantLock();

  private final CompletableFuture<Void> negotiated = new CompletableFuture<>();
  private final PosixProcesses processes;
  private final List<Thread> readers = new CopyOnWriteArrayList<>();

  /** As the kernel's thread library knows them; each takes itself out before it ends. */
  private final List<Long> wakeable = new ArrayList<>();

  private volatile boolean stopping;
  private volatile boolean resends;

  FuseConnection(
      Posix posix,
      OwnedDescriptor descriptor,
      BlockVolume volume,
      FuseLimits limits,
      BufferPool pool,
      FuseReplies replies,
      DataRequests data) {
    this.posix = posix;
    this.descriptor = descriptor;
    this.volume = volume;
    this.limits = limits;
    this.pool = pool;
    this.replies = replies;
    this.data = data;
    this.processes = new PosixProcesses(posix);
  }

  /** The mount must be there: before it is, the kernel refuses reads. */
  void start(FaultHandler faults) throws PosixException {
    processes.prepareWaking();
    for (int i = 0; i < limits.readers(); i++) {
      startReader(i, faults, this::readRequests);
    }
  }

  /**
   * Goes on where another process stopped.
   *
   * @param askAgain whether it may have left requests without an answer: then the kernel must know
   *     how to send them again
   */
  void resume(FaultHandler faults, boolean askAgain, boolean kernelResends) throws PosixException {
    processes.prepareWaking();
    negotiated.complete(null);
    resends = kernelResends;
    if (askAgain) {
      askAgain();
    }
    startReader(
        0,
        faults,
        () -> {
          readWhatComesAgain();
          for (int i = 1; i < limits.readers(); i++) {
            startReader(i, faults, this::readRequests);
          }
          readRequests();
        });
  }

  private void startReader(int number, FaultHandler faults, Runnable task) {
    Thread reader =
        Thread.ofPlatform()
            .daemon()
            .name("fuse-" + volume.attachment() + "-" + number)
            .uncaughtExceptionHandler((thread, failure) -> {
              throw faults.halt(thread.getName() + " failed", failure);
            })
            .unstarted(() -> wakeably(task));
    readers.add(reader);
    reader.start();
  }

  private void wakeably(Runnable task) {
    long self;
    try {
      self = processes.self();
    } catch (PosixException e) {
      throw new IllegalStateException("a thread does not know itself", e);
    }
    synchronizedWakeable(() -> wakeable.add(self));
    try {
      task.run();
    } finally {
      synchronizedWakeable(() -> wakeable.remove(self));
    }
  }

  private void synchronizedWakeable(Runnable change) {
    wakeableLock.lock();
    try {
      change.run();
    } finally {
      wakeableLock.unlock();
    }
  }

  /**
   * Reads no more requests, from now on and for good.
   *
   * @return false when readers are still there at the deadline: they wait for a buffer, in a stall
   */
  boolean stopReading(Duration deadline) throws InterruptedException {
    stopping = true;
    long end = System.nanoTime() + deadline.toNanos();
    for (Thread reader : readers) {
      while (!reader.join(WAKE_PERIOD)) {
        if (System.nanoTime() > end) {
          return false;
        }
        synchronizedWakeable(() -> wakeable.forEach(this::wake));
      }
    }
    return true;
  }

  private void wake(long thread) {
    try {
      processes.wake(thread);
    } catch (PosixException e) {
      throw new IllegalStateException("a reader can't be woken", e);
    }
  }

  /** Whether the kernel sends unanswered requests again to a successor. */
  boolean resends() {
    return resends;
  }

  private void askAgain() throws PosixException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment notice = arena.allocate(FuseWire.OUT_HEADER_BYTES, 8);
      FuseWire.putResend(notice);
      long written =
          posix.write(descriptor.number(), notice, arena.allocate(Posix.CAPTURE_BYTES, 8));
      if (written < 0 && written != -Errno.ENODEV.number()) {
        throw new PosixException("FUSE_NOTIFY_RESEND", (int) -written);
      }
    }
  }

  private void readWhatComesAgain() {
    boolean more = true;
    while (more && !stopping && isReadable()) {
      RequestBuffer buffer = pool.take();
      if (buffer == null) {
        return;
      }
      long count = readOne(buffer);
      if (count < FuseWire.IN_HEADER_BYTES) {
        pool.giveBack(buffer);
        more = count == -Errno.EINTR.number() || count == -Errno.ENOENT.number();
      } else {
        more = FuseWire.isResent(FuseWire.unique(buffer.request())) || isUnanswered(buffer);
        dispatch(buffer);
      }
    }
    if (!stopping) {
      data.allAskedAgain();
    }
  }

  private boolean isReadable() {
    try {
      return descriptor.enter() && isReadableEntered();
    } catch (PosixException e) {
      throw new IllegalStateException("poll of /dev/fuse for " + volume.attachment(), e);
    }
  }

  private boolean isReadableEntered() throws PosixException {
    try {
      return posix.awaitReadable(descriptor.number(), 0);
    } finally {
      descriptor.exit();
    }
  }

  /** Those come ahead of all others, resent or not. */
  private static boolean isUnanswered(RequestBuffer buffer) {
    int opcode = FuseWire.opcode(buffer.request());
    return opcode == FuseWire.FORGET
        || opcode == FuseWire.BATCH_FORGET
        || opcode == FuseWire.INTERRUPT;
  }

  /** Ends when the kernel and we agree on the protocol. */
  CompletableFuture<Void> negotiated() {
    return negotiated;
  }

  /**
   * @return false when readers are still there at the deadline
   */
  boolean awaitEnd(Duration deadline) throws InterruptedException {
    long end = System.nanoTime() + deadline.toNanos();
    for (Thread reader : readers) {
      if (!reader.join(Duration.ofNanos(Math.max(1, end - System.nanoTime())))) {
        return false;
      }
    }
    return true;
  }

  /** Each of them has a buffer in hand, ready for the next request. */
  int aliveReaders() {
    return (int) readers.stream().filter(Thread::isAlive).count();
  }

  private void readRequests() {
    while (!stopping) {
      RequestBuffer buffer = pool.take();
      if (buffer == null) {
        return;
      }
      long count = readOne(buffer);
      if (count >= FuseWire.IN_HEADER_BYTES) {
        dispatch(buffer);
        continue;
      }
      pool.giveBack(buffer);
      if (count == -Errno.ENODEV.number() || count == -Errno.EBADF.number()) {
        // Unmounted or aborted, or closed by us.
        String ended = "the kernel ended the FUSE connection of " + volume.attachment();
        negotiated.completeExceptionally(
            new KurveException(ErrorCode.UNAVAILABLE, ended, "attach the volume again"));
        data.refuse(ended);
        return;
      }
      // EINTR and EAGAIN are usual; ENOENT is a request that was interrupted before we had it.
      if (count != -Errno.EINTR.number()
          && count != -Errno.EAGAIN.number()
          && count != -Errno.ENOENT.number()) {
        throw new IllegalStateException(
            "read of /dev/fuse for " + volume.attachment() + ": " + Errno.describe((int) -count));
      }
    }
  }

  private long readOne(RequestBuffer buffer) {
    if (!descriptor.enter()) {
      return -Errno.EBADF.number();
    }
    try {
      return posix.read(descriptor.number(), buffer.request(), buffer.readCapture());
    } finally {
      descriptor.exit();
    }
  }

  private void dispatch(RequestBuffer buffer) {
    switch (FuseWire.opcode(buffer.request())) {
      case FuseWire.READ -> data.read(buffer);
      case FuseWire.WRITE -> data.write(buffer);
      case FuseWire.FSYNC -> data.sync(buffer);
      case FuseWire.FALLOCATE -> data.allocate(buffer);
      case FuseWire.FORGET, FuseWire.BATCH_FORGET, FuseWire.INTERRUPT ->
          // A request that is interrupted ends as it would have: half a write helps nobody.
          replies.unanswered(buffer);
      default -> answerAtOnce(buffer);
    }
  }

  private void answerAtOnce(RequestBuffer buffer) {
    MemorySegment request = buffer.request();
    MemorySegment body = buffer.body();
    long unique = FuseWire.unique(request);
    long inode = volume.attachment().value();
    long sizeBytes = volume.volume().sizeBytes();
    boolean isFile = FuseWire.node(request) == FuseWire.FILE_NODE;
    switch (FuseWire.opcode(request)) {
      case FuseWire.INIT -> negotiate(buffer, unique);
      case FuseWire.LOOKUP -> {
        if (FuseWire.lookupName(request).equals(volume.attachment().toString())) {
          replies.done(buffer, unique, FuseWire.putFileEntry(body, inode, sizeBytes));
        } else {
          replies.failed(buffer, unique, Errno.ENOENT);
        }
      }
      case FuseWire.GETATTR ->
          replies.done(
              buffer,
              unique,
              isFile
                  ? FuseWire.putFileAttributesReply(body, inode, sizeBytes)
                  : FuseWire.putDirectoryAttributesReply(body));
      case FuseWire.SETATTR -> {
        if (!isFile || (FuseWire.setsSize(request) && FuseWire.newSize(request) != sizeBytes)) {
          replies.failed(buffer, unique, Errno.EPERM);
        } else {
          replies.done(buffer, unique, FuseWire.putFileAttributesReply(body, inode, sizeBytes));
        }
      }
      case FuseWire.OPEN -> replies.done(buffer, unique, FuseWire.putOpenFile(body));
      case FuseWire.OPENDIR -> replies.done(buffer, unique, FuseWire.putOpenDirectory(body));
      case FuseWire.READDIR ->
          replies.done(
              buffer,
              unique,
              FuseWire.putDirectory(
                  body,
                  FuseWire.offset(request),
                  FuseWire.size(request),
                  volume.attachment().toString(),
                  inode));
      case FuseWire.STATFS -> replies.done(buffer, unique, FuseWire.putStatistics(body, sizeBytes));
      case FuseWire.RELEASE,
          FuseWire.RELEASEDIR,
          FuseWire.FLUSH,
          FuseWire.FSYNCDIR,
          FuseWire.ACCESS,
          FuseWire.DESTROY ->
          replies.done(buffer, unique, 0);
      default -> replies.failed(buffer, unique, Errno.ENOSYS);
    }
  }

  private void negotiate(RequestBuffer buffer, long unique) {
    MemorySegment request = buffer.request();
    int major = FuseWire.kernelMajor(request);
    int minor = FuseWire.kernelMinor(request);
    if (!FuseWire.kernelIsNewEnough(request)) {
      replies.failed(buffer, unique, Errno.ENODEV);
      negotiated.completeExceptionally(
          new KurveException(
              ErrorCode.UNSUPPORTED,
              "this kernel speaks FUSE " + major + "." + minor + " and lacks what a device needs",
              "run a kernel with FUSE 7.28 or newer (Linux 4.20)"));
      return;
    }
    resends = FuseWire.kernelResends(request);
    replies.done(buffer, unique, FuseWire.putInit(buffer.body(), request, limits));
    LOG.debug("{}: FUSE {}.{} agreed", volume.attachment(), major, minor);
    negotiated.complete(null);
  }
}
