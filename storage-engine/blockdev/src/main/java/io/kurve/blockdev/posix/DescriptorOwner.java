package io.kurve.blockdev.posix;

import io.kurve.core.id.AttachmentId;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The one place that owns the descriptors on which attachments hang: for each attachment its FUSE
 * connection, its loop device and its table of flights, all close-on-exec.
 *
 * <p>Whoever has the list has everything that a successor process needs to go on serving: that is
 * what {@link #all} is for.
 */
public final class DescriptorOwner {
  private final Posix posix;

  /** Guards the map. */
  private final ReentrantLock lock = new ReentrantLock();

  private final Map<AttachmentId, Map<OwnedDescriptor.Role, OwnedDescriptor>> owned =
      new TreeMap<>();

  public DescriptorOwner(Posix posix) {
    this.posix = posix;
  }

  /** Takes an open descriptor over; from now on only this class closes it. */
  public OwnedDescriptor own(AttachmentId attachment, OwnedDescriptor.Role role, int number) {
    OwnedDescriptor descriptor = new OwnedDescriptor(posix, attachment, role, number);
    lock.lock();
    try {
      Map<OwnedDescriptor.Role, OwnedDescriptor> roles =
          owned.computeIfAbsent(attachment, id -> new EnumMap<>(OwnedDescriptor.Role.class));
      if (roles.putIfAbsent(role, descriptor) != null) {
        throw new IllegalStateException(attachment + " has a " + role + " descriptor already");
      }
    } finally {
      lock.unlock();
    }
    return descriptor;
  }

  /** Closes it as soon as nobody is using it; without effect when there is none. */
  public void close(AttachmentId attachment, OwnedDescriptor.Role role) {
    @Nullable OwnedDescriptor descriptor = null;
    lock.lock();
    try {
      Map<OwnedDescriptor.Role, OwnedDescriptor> roles = owned.get(attachment);
      if (roles != null) {
        descriptor = roles.remove(role);
        if (roles.isEmpty()) {
          owned.remove(attachment);
        }
      }
    } finally {
      lock.unlock();
    }
    if (descriptor != null) {
      descriptor.close();
    }
  }

  /** Of one attachment, ordered by role. */
  public List<OwnedDescriptor> of(AttachmentId attachment) {
    return all().stream().filter(descriptor -> descriptor.attachment().equals(attachment)).toList();
  }

  /** Ordered by attachment and role. */
  public List<OwnedDescriptor> all() {
    lock.lock();
    try {
      List<OwnedDescriptor> list = new ArrayList<>();
      owned.values().forEach(roles -> list.addAll(roles.values()));
      return list;
    } finally {
      lock.unlock();
    }
  }
}
