package io.kurve.blockdev.fuse;

import io.kurve.blockdev.posix.Errno;
import io.kurve.blockdev.posix.OwnedDescriptor;
import io.kurve.blockdev.posix.Posix;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Answers requests, from any thread, and takes their buffers back. Each request once. */
final class FuseReplies {
  private static final Logger LOG = LoggerFactory.getLogger(FuseReplies.class);

  private final Posix posix;
  private final OwnedDescriptor descriptor;
  private final BufferPool pool;

  FuseReplies(Posix posix, OwnedDescriptor descriptor, BufferPool pool) {
    this.posix = posix;
    this.descriptor = descriptor;
    this.pool = pool;
  }

  /**
   * @param bodyBytes of the buffer's body
   */
  void done(RequestBuffer buffer, long unique, int bodyBytes) {
    send(buffer, unique, bodyBytes, 0, () -> {});
  }

  /**
   * @param bodyBytes of the buffer's body
   * @param afterwards runs once the kernel has the answer, and before the buffer is free
   */
  void done(RequestBuffer buffer, long unique, int bodyBytes, Runnable afterwards) {
    send(buffer, unique, bodyBytes, 0, afterwards);
  }

  void failed(RequestBuffer buffer, long unique, Errno errno) {
    send(buffer, unique, 0, -errno.number(), () -> {});
  }

  void failed(RequestBuffer buffer, long unique, Errno errno, Runnable afterwards) {
    send(buffer, unique, 0, -errno.number(), afterwards);
  }

  /** For the few requests that the kernel wants no answer to. */
  void unanswered(RequestBuffer buffer) {
    pool.giveBack(buffer);
  }

  private void send(
      RequestBuffer buffer, long unique, int bodyBytes, int error, Runnable afterwards) {
    long written = 0;
    if (descriptor.enter()) {
      try {
        written =
            posix.write(
                descriptor.number(), buffer.reply(bodyBytes, error, unique), buffer.writeCapture());
      } finally {
        descriptor.exit();
      }
    }
    afterwards.run();
    pool.giveBack(buffer);
    if (written < 0
        && written != -Errno.ENOENT.number() // the request was aborted meanwhile
        && written != -Errno.ENODEV.number() // so was the connection
        && written != -Errno.EPERM.number()) { // so it was, in older kernels' words
      LOG.error(
          "the kernel refused the reply to request {} of {}: {}",
          FuseWire.requestNumber(unique),
          descriptor.attachment(),
          Errno.describe((int) -written));
    }
  }
}
