package io.kurve.blockdev.host;

import io.kurve.blockdev.fuse.FuseMounts;
import io.kurve.blockdev.loop.BoundLoop;
import io.kurve.blockdev.loop.DeviceLinks;
import io.kurve.blockdev.loop.LoopDevices;
import io.kurve.blockdev.posix.MountTable;
import io.kurve.blockdev.posix.Posix;
import io.kurve.core.id.AttachmentId;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Clears what a killed host left: its loop devices, links and dead mounts. What lies below this
 * host's own directory is a predecessor's, who is dead: whoever calls this holds that directory's
 * lock. What the links lead to may be any host's, and is cleared when the kernel says that it is
 * dead.
 */
public final class Leftovers {
  private static final Logger LOG = LoggerFactory.getLogger(Leftovers.class);

  private static final Pattern ATTACHMENT = Pattern.compile("attachment-([1-9][0-9]{0,17})");

  private final Posix posix;
  private final LoopDevices loops;
  private final DeviceLinks links;
  private final Path mountsDirectory;

  /** Of the dead host, and served on by this one. */
  private final Set<AttachmentId> inherited = new TreeSet<>();

  public Leftovers(Posix posix, LoopDevices loops, DeviceLinks links, Path mountsDirectory) {
    this.posix = posix;
    this.loops = loops;
    this.links = links;
    this.mountsDirectory = mountsDirectory;
  }

  /** They stay: this host serves them. */
  void keep(List<AttachmentId> attachments) {
    inherited.addAll(attachments);
  }

  private boolean isKept(Path below) {
    return below.startsWith(mountsDirectory)
        && inherited.stream()
            .anyMatch(
                attachment -> below.startsWith(mountsDirectory.resolve(attachment.toString())));
  }

  /** Devices, links and mounts; what {@link #attachments} tells stays until it is forgotten. */
  public void clear() throws IOException {
    // The loop devices first: once its mount is detached, nobody can tell whose a backing file was.
    for (BoundLoop leftover : loops.boundBelow(mountsDirectory)) {
      if (isKept(leftover.backingFile())) {
        continue;
      }
      if (!links.clearLeftover(leftover)) {
        LOG.warn(
            "{} is bound to {}, which answers: it stays",
            leftover.device(),
            leftover.backingFile());
        continue;
      }
      LostDevices.beside(mountsDirectory).note(leftover);
      LOG.warn("cleared {}, which a killed volume host left", leftover.device());
      for (MountTable.Mount mount : MountTable.own().mounts()) {
        if (mount.source().equals(leftover.device().toString())) {
          LOG.warn(
              "{} is still mounted at {} and answers EIO: unmount it (umount {}), then it is gone",
              leftover.device(),
              mount.point(),
              mount.point());
        }
      }
    }
    for (MountTable.Mount mount : MountTable.own().mounts()) {
      if (mount.type().equals(FuseMounts.TYPE)
          && Path.of(mount.point()).startsWith(mountsDirectory)
          && !isKept(Path.of(mount.point()))) {
        posix.unmount(mount.point(), Posix.MNT_FORCE | Posix.MNT_DETACH);
        LOG.warn("unmounted {}, which a killed volume host left", mount.point());
      }
    }
    links.clearDead();
  }

  /**
   * The attachments that the dead host had, by the directories that it made for them: nobody uses
   * them any more, and the cluster does not know that.
   */
  public List<AttachmentId> attachments() throws IOException {
    List<AttachmentId> found = new ArrayList<>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(mountsDirectory)) {
      for (Path entry : entries) {
        Matcher name = ATTACHMENT.matcher(entry.getFileName().toString());
        if (name.matches()) {
          AttachmentId attachment = new AttachmentId(Long.parseLong(name.group(1)));
          if (!inherited.contains(attachment)) {
            found.add(attachment);
          }
        }
      }
    }
    found.sort(Comparator.naturalOrder());
    return found;
  }

  /** The attachment was given up: its last trace goes. */
  public void forget(AttachmentId attachment) throws IOException {
    Files.deleteIfExists(mountsDirectory.resolve(attachment.toString()));
  }
}
