package io.kurve.blockdev.posix;

import io.kurve.core.id.AttachmentId;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A descriptor in use by several threads.
 *
 * <p>The kernel gives the number of a closed descriptor to the next one opened, so a reply written
 * late would land in somebody else's file. Each use is therefore between {@link #enter} and {@link
 * #exit}; after {@link #close} nobody enters, and whoever leaves last closes.
 */
public final class OwnedDescriptor {
  /** What hangs on the descriptor. */
  public enum Role {
    /** /dev/fuse: closing the last one fails every request on the mount. */
    FUSE_CONNECTION,
    /** The loop device, opened for reading: it stays configured while this is open. */
    LOOP_DEVICE,
    /** Memory in which the numbers of unanswered changes are noted for a successor. */
    FLIGHT_TABLE
  }

  private static final Logger LOG = LoggerFactory.getLogger(OwnedDescriptor.class);
  private static final long CLOSED = 1L << 62;

  private final Posix posix;
  private final AttachmentId attachment;
  private final Role role;
  private final int number;

  /** The number of users, plus {@link #CLOSED}. */
  private final AtomicLong users = new AtomicLong();

  private final AtomicBoolean released = new AtomicBoolean();

  OwnedDescriptor(Posix posix, AttachmentId attachment, Role role, int number) {
    this.posix = posix;
    this.attachment = attachment;
    this.role = role;
    this.number = number;
  }

  public AttachmentId attachment() {
    return attachment;
  }

  public Role role() {
    return role;
  }

  /** Only between {@link #enter} and {@link #exit}, or before anybody closes. */
  public int number() {
    return number;
  }

  /**
   * @return false when it is closed: do not use the number, do not call {@link #exit}
   */
  public boolean enter() {
    if ((users.incrementAndGet() & CLOSED) == 0) {
      return true;
    }
    exit();
    return false;
  }

  public void exit() {
    if (users.decrementAndGet() == CLOSED) {
      closeNow();
    }
  }

  void close() {
    long before = users.getAndUpdate(value -> value | CLOSED);
    if (before == 0) {
      closeNow();
    }
  }

  private void closeNow() {
    // A late enter and its undoing may pass zero users again.
    if (!released.compareAndSet(false, true)) {
      return;
    }
    try {
      posix.close(number);
    } catch (PosixException e) {
      LOG.error("descriptor {} of {} ({}) was not closed", number, attachment, role, e);
    }
  }
}
