package io.kurve.blockdev.loop;

import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Stable names of devices: {@code DIRECTORY/VOLUME -> /dev/loopN}. A link appears and changes in
 * one step.
 */
public final class DeviceLinks {
  private static final Logger LOG = LoggerFactory.getLogger(DeviceLinks.class);
  private static final Pattern LOOP = Pattern.compile("/dev/loop([0-9]+)");
  private static final Pattern VOLUME_NAME = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9_.:-]{0,254}");

  private final Path directory;
  private final Path ownBackingFiles;
  private final Predicate<Path> sameCluster;
  private final DeadDevices dead;

  /**
   * @param ownBackingFiles where the backing files of our own devices are: a link to one of those
   *     is ours to replace
   * @param sameCluster whether a backing file is that of a device of our cluster
   */
  public DeviceLinks(
      Path directory, Path ownBackingFiles, Predicate<Path> sameCluster, DeadDevices dead) {
    this.directory = directory;
    this.ownBackingFiles = ownBackingFiles;
    this.sameCluster = sameCluster;
    this.dead = dead;
  }

  public Path of(String volumeName) {
    if (!VOLUME_NAME.matcher(volumeName).matches()) {
      throw new KurveException(
          ErrorCode.INVALID_ARGUMENT,
          "'" + volumeName + "' can't be the name of a device",
          "use letters, digits, dots, dashes and underscores");
    }
    return directory.resolve(volumeName);
  }

  /**
   * A link that a crash left is replaced, and the device of a dead host that it leads to is
   * cleared.
   *
   * @throws KurveException IN_USE when the name leads to a device of another host of this machine
   *     that lives, or that is mounted
   */
  public Path create(String volumeName, Path device) throws IOException {
    return create(volumeName, device, file -> false);
  }

  /**
   * The same for who has a volume to himself: whoever else of the same cluster has a device under
   * its name was fenced, so that the name is his no more.
   */
  public Path createAsOnlyHolder(String volumeName, Path device) throws IOException {
    return create(volumeName, device, sameCluster);
  }

  private Path create(String volumeName, Path device, Predicate<Path> fenced) throws IOException {
    Path link = of(volumeName);
    Files.createDirectories(directory);
    try (LinkDirectoryLock _ = LinkDirectoryLock.take(directory)) {
      if (Files.exists(link, LinkOption.NOFOLLOW_LINKS)) {
        refuseForeign(link, fenced);
      }
      Path fresh = directory.resolve("." + volumeName + "." + ProcessHandle.current().pid());
      Files.deleteIfExists(fresh);
      Files.createSymbolicLink(fresh, device);
      Files.move(fresh, link, StandardCopyOption.ATOMIC_MOVE);
      return link;
    }
  }

  /**
   * Removes the links that lead nowhere or to a dead host's device, and clears such a device. What
   * is served or mounted stays, and so does all where this process may not write.
   */
  public void clearDead() throws IOException {
    if (!Files.isDirectory(directory) || !Files.isWritable(directory)) {
      return;
    }
    try (LinkDirectoryLock _ = LinkDirectoryLock.take(directory);
        DirectoryStream<Path> links = Files.newDirectoryStream(directory)) {
      for (Path link : links) {
        Matcher loop =
            LOOP.matcher(Files.isSymbolicLink(link) ? Files.readSymbolicLink(link).toString() : "");
        if (loop.matches() && isDead(Integer.parseInt(loop.group(1)))) {
          Files.delete(link);
          LOG.warn("removed {}, which a dead volume host left", link);
        }
      }
    }
  }

  private boolean isDead(int number) throws IOException {
    Optional<BoundLoop> bound =
        LoopDevices.backingFile(number).map(file -> new BoundLoop(number, file));
    return bound.isEmpty()
        || (DeadDevices.isVolume(bound.get())
            && dead.clearIfDead(bound.get()) == DeadDevices.Outcome.CLEARED);
  }

  /**
   * Clears a device that a dead host left, and removes the links to it.
   *
   * @return false when it is not dead
   */
  public boolean clearLeftover(BoundLoop leftover) throws IOException {
    return dead.clearUsed(leftover, () -> removeAllTo(leftover.device()));
  }

  /** To be called while the device is held. Without effect when the link leads elsewhere by now. */
  public void remove(Path link, Path device) throws IOException {
    if (!leadsTo(link, device)) {
      return;
    }
    try (LinkDirectoryLock _ = LinkDirectoryLock.take(directory)) {
      if (leadsTo(link, device)) {
        Files.delete(link);
      }
    }
  }

  private void removeAllTo(Path device) throws IOException {
    if (Files.notExists(directory)) {
      return;
    }
    try (DirectoryStream<Path> links = Files.newDirectoryStream(directory)) {
      for (Path link : links) {
        remove(link, device);
      }
    } catch (NotDirectoryException e) {
      LOG.warn("{} is no directory: no link of a volume can be in it", directory);
    }
  }

  private static boolean leadsTo(Path link, Path device) throws IOException {
    return Files.isSymbolicLink(link) && Files.readSymbolicLink(link).equals(device);
  }

  private void refuseForeign(Path link, Predicate<Path> fenced) throws IOException {
    if (!Files.isSymbolicLink(link)) {
      throw new KurveException(
          ErrorCode.ALREADY_EXISTS,
          link + " is there and is no link",
          "move it away, or give the volume host another link directory");
    }
    Path target = Files.readSymbolicLink(link);
    Matcher name = LOOP.matcher(target.toString());
    if (!name.matches()) {
      throw new KurveException(
          ErrorCode.ALREADY_EXISTS,
          link + " is there and leads to " + target + ", which is no loop device",
          "move it away, or give the volume host another link directory");
    }
    int number = Integer.parseInt(name.group(1));
    Optional<Path> backing = LoopDevices.backingFile(number);
    if (backing.isEmpty() || backing.get().startsWith(ownBackingFiles)) {
      return;
    }
    BoundLoop loop = new BoundLoop(number, backing.get());
    if (!DeadDevices.isVolume(loop)) { // bound to something else since
      return;
    }
    DeadDevices.Outcome outcome = dead.clearIfDead(loop);
    if (fenced.test(backing.get())) {
      LOG.warn("{} led to {}, whose host lost the volume", link, target);
      return;
    }
    switch (outcome) {
      case CLEARED -> {}
      case STILL_USED ->
          throw new KurveException(
              ErrorCode.IN_USE,
              "%s leads to %s, which a dead volume host left and which is still %s"
                  .formatted(link, target, DeviceUsers.of(loop).describeOr("in use")),
              "unmount it");
      case SERVED ->
          throw new KurveException(
              ErrorCode.IN_USE,
              "%s leads to %s, a device of another host on this machine (file %s)"
                  .formatted(link, target, backing.get()),
              "detach it there, or give this volume host another link directory");
    }
  }
}
