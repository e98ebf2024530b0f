package io.kurve.blockdev.keeper;

import io.kurve.blockdev.posix.Posix;
import io.kurve.blockdev.posix.PosixException;
import io.kurve.core.id.AttachmentId;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The descriptors that a keeper holds, by attachment. Used by one thread at a time. */
final class Deposits {
  static final int DESCRIPTORS = 3;
  private static final Logger LOG = LoggerFactory.getLogger(Deposits.class);

  /**
   * @param descriptors FUSE connection, loop device, table of flights
   */
  record Deposit(KeptAttachment kept, List<Integer> descriptors) {}

  private final Posix posix;
  private final Map<AttachmentId, Deposit> all = new TreeMap<>();

  Deposits(Posix posix) {
    this.posix = posix;
  }

  /** In place of what was there of that attachment. */
  void put(KeptAttachment kept, List<Integer> descriptors) throws PosixException {
    List<Integer> ordered = new ArrayList<>(descriptors);
    ordered.set(0, posix.raise(descriptors.getFirst()));
    Deposit before = all.put(kept.attachment(), new Deposit(kept, List.copyOf(ordered)));
    if (before != null) {
      close(before.descriptors());
    }
  }

  void remove(AttachmentId attachment) {
    Deposit before = all.remove(attachment);
    if (before != null) {
      close(before.descriptors());
    }
  }

  Collection<Deposit> all() {
    return all.values();
  }

  /**
   * Each FUSE connection before its loop device: the last to close that writes out the kernel's
   * cache, and must not wait for a connection that nobody serves.
   */
  void closeAll() {
    all.values()
        .forEach(deposit -> {
          LOG.warn("nobody goes on with {}", deposit.kept().attachment());
          close(deposit.descriptors());
        });
    all.clear();
  }

  /** Whether the kernel asks again for all that a killed host leaves. */
  boolean allResend() {
    return all.values().stream().allMatch(deposit -> deposit.kept().kernel().resends());
  }

  void close(List<Integer> descriptors) {
    for (int descriptor : descriptors) {
      try {
        posix.close(descriptor);
      } catch (PosixException e) {
        LOG.error("descriptor {} was not closed", descriptor, e);
      }
    }
  }
}
