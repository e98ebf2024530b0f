package io.kurve.blockdev.host;

import io.kurve.blockdev.loop.BoundLoop;
import io.kurve.blockdev.loop.DeviceUsers;
import io.kurve.blockdev.loop.LoopDevices;
import io.kurve.blockdev.posix.DescriptorOwner;
import io.kurve.blockdev.posix.Posix;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Devices that a host gave up, or left when it was killed, while somebody may still use them: they
 * answer EIO until he lets go. Nothing that the kernel tells of them names the host any more, hence
 * a note of each in its run directory: {@code lost/loopN}, with the name of the file behind it.
 */
public final class LostDevices {
  private static final Logger LOG = LoggerFactory.getLogger(LostDevices.class);
  private static final String PREFIX = "loop";

  private final Path notes;

  private LostDevices(Path notes) {
    this.notes = notes;
  }

  /**
   * @param run a host's own directory
   */
  public static LostDevices of(Path run) {
    return new LostDevices(run.resolve("lost"));
  }

  /**
   * @param mounts the directory of the same host's mounts
   */
  static LostDevices beside(Path mounts) {
    return new LostDevices(mounts.resolveSibling("lost"));
  }

  /** Giving the device up matters more: a note that can't be written is only missed. */
  void note(BoundLoop loop) {
    Path note = notes.resolve(PREFIX + loop.number());
    try {
      Files.createDirectories(notes);
      Path fresh = notes.resolveSibling("lost.new");
      Files.writeString(fresh, loop.backingFile().getFileName().toString());
      Files.move(fresh, note, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      LOG.warn("{} is lost, and {} could not be written", loop.device(), note, e);
    }
  }

  /** A device that is lost and still claimed by a file system or another device. */
  public record Claimed(Path device, DeviceUsers users) {}

  /** By number; the notes of those that are gone go. */
  public List<Claimed> claimed() throws IOException {
    if (Files.notExists(notes)) {
      return List.of();
    }
    List<BoundLoop> bound =
        new LoopDevices(new Posix(), new DescriptorOwner(new Posix())).boundBelow(Path.of("/"));
    List<Claimed> claimed = new ArrayList<>();
    for (BoundLoop loop : bound) {
      if (isLost(loop)) {
        DeviceUsers users = DeviceUsers.of(loop);
        if (users.isClaimed()) {
          claimed.add(new Claimed(loop.device(), users));
        }
      }
    }
    forgetAllBut(bound.stream().filter(this::isLost).toList());
    return claimed;
  }

  private boolean isLost(BoundLoop loop) {
    Path note = notes.resolve(PREFIX + loop.number());
    try {
      return Files.exists(note)
          && Files.readString(note).equals(loop.backingFile().getFileName().toString());
    } catch (IOException e) {
      return false; // somebody else has just seen that it is gone
    }
  }

  private void forgetAllBut(List<BoundLoop> lost) throws IOException {
    try (DirectoryStream<Path> files = Files.newDirectoryStream(notes)) {
      for (Path file : files) {
        if (lost.stream().noneMatch(loop -> file.endsWith(PREFIX + loop.number()))) {
          Files.deleteIfExists(file);
        }
      }
    }
  }
}
