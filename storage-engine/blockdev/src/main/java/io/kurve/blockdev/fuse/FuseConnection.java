package io.kurve.blockdev.fuse;

import io.kurve.blockdev.posix.Errno;
import io.kurve.blockdev.posix.OwnedDescriptor;
import io.kurve.blockdev.posix.Posix;
import io.kurve.client.BlockVolume;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.FaultHandler;
import io.kurve.core.failure.KurveException;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
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
 * The readers end when the kernel ends the connection: by unmount or abort. Nothing else wakes
 * them.
 */
final class FuseConnection {
  private static final Logger LOG = LoggerFactory.getLogger(FuseConnection.class);

  private final Posix posix;
  private final OwnedDescriptor descriptor;
  private final BlockVolume volume;
  private final FuseLimits limits;
  private final BufferPool pool;
  private final FuseReplies replies;
  private final DataRequests data;
  private final CompletableFuture<Void> negotiated = new CompletableFuture<>();
  private final List<Thread> readers = new ArrayList<>();

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
  }

  /** The mount must be there: before it is, the kernel refuses reads. */
  void start(FaultHandler faults) {
    for (int i = 0; i < limits.readers(); i++) {
      Thread reader =
          Thread.ofPlatform()
              .daemon()
              .name("fuse-" + volume.attachment() + "-" + i)
              .uncaughtExceptionHandler((thread, failure) -> {
                throw faults.halt(thread.getName() + " failed", failure);
              })
              .unstarted(this::readRequests);
      readers.add(reader);
      reader.start();
    }
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
    while (true) {
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
    replies.done(buffer, unique, FuseWire.putInit(buffer.body(), request, limits));
    LOG.debug("{}: FUSE {}.{} agreed", volume.attachment(), major, minor);
    negotiated.complete(null);
  }
}
