package io.kurve.cli.playground;

import io.kurve.blockdev.host.Leftovers;
import io.kurve.blockdev.host.LostDevices;
import io.kurve.blockdev.host.RunDirectory;
import io.kurve.blockdev.loop.BoundLoop;
import io.kurve.blockdev.loop.DeadDevices;
import io.kurve.blockdev.loop.DeviceLinks;
import io.kurve.blockdev.loop.DeviceUsers;
import io.kurve.blockdev.loop.LoopDevices;
import io.kurve.blockdev.posix.DescriptorOwner;
import io.kurve.blockdev.posix.Posix;
import io.kurve.cli.output.ShellWord;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** What this machine can do for a playground, and what the kernel still holds of one. */
public final class Machine {
  static final Path LINKS = Path.of("/dev/kurve");

  private Machine() {}

  /** Why no block device can be made here, with the cure; empty when one can. */
  public static Optional<String> noDevices() {
    return noDevices(System.getProperty("os.name", ""), Path.of("/"));
  }

  static Optional<String> noDevices(String system, Path root) {
    if (!system.equals("Linux")) {
      return Optional.of(
          "block devices need Linux — use the embedded client, as `kurve bench` does");
    }
    if (!isRoot(root.resolve("proc/self/status"))) {
      return Optional.of("block devices need root — run it with sudo");
    }
    if (!Files.exists(root.resolve("dev/fuse"))) {
      return Optional.of("there is no /dev/fuse — load the kernel's module with `modprobe fuse`");
    }
    if (!Files.exists(root.resolve("dev/loop-control"))) {
      return Optional.of(
          "there is no /dev/loop-control — load the kernel's module with `modprobe loop`");
    }
    return Optional.empty();
  }

  private static boolean isRoot(Path status) {
    try {
      return Files.readAllLines(status).stream()
          .anyMatch(line -> line.matches("Uid:\\s+\\d+\\s+0\\s.*"));
    } catch (IOException e) {
      throw new KurveException(ErrorCode.UNSUPPORTED, status + " can't be read", "mount /proc", e);
    }
  }

  /**
   * Throws with the user when a device of one of these hosts is mounted, or part of another one.
   * Processes that have it open don't count: in a stall only taking it away lets them end.
   */
  static void refuseClaimed(List<Path> runs) throws IOException {
    for (Path run : runs) {
      Optional<KurveException> claimed = claimed(run);
      if (claimed.isPresent()) {
        throw claimed.get();
      }
    }
  }

  /** The refusal of that, if there is a reason. */
  static Optional<KurveException> claimed(Path run) throws IOException {
    if (noDevices().isPresent()) {
      return Optional.empty();
    }
    for (BoundLoop loop : bound(run)) {
      DeviceUsers users = DeviceUsers.of(loop);
      if (users.isClaimed()) {
        return Optional.of(refusal(loop.device(), users));
      }
    }
    for (LostDevices.Claimed lost : LostDevices.of(run).claimed()) {
      return Optional.of(refusal(lost.device(), lost.users()));
    }
    return Optional.empty();
  }

  private static KurveException refusal(Path device, DeviceUsers users) {
    return new KurveException(
        ErrorCode.IN_USE,
        device + " is " + String.join(", ", users.claims()),
        users.mountPoints().isEmpty()
            ? "take it out of that first"
            : "umount " + users.mountPoints().getFirst() + " first");
  }

  /**
   * Throws when this playground is going to attach a device and another one of this machine runs,
   * or has that device's name.
   */
  public static void refuseSecond(Layout layout) throws IOException {
    if (noDevices().isPresent()) {
      return;
    }
    Set<String> volumes =
        Files.exists(layout.attachments())
            ? new Attachments(layout.attachments()).read().keySet()
            : Set.of(Playground.VOLUME);
    Path own =
        Files.exists(layout.directory()) ? layout.directory().toRealPath() : layout.directory();
    Posix posix = new Posix();
    TakenLinks taken =
        new TakenLinks(
            LINKS,
            new LoopDevices(posix, new DescriptorOwner(posix)).boundBelow(Path.of("/")),
            ServerProcess.livingHostRuns());
    for (String volume : volumes) {
      taken.refuse(volume, own);
    }
    Optional<Path> other =
        ServerProcess.playgroundsOfRoot().stream()
            .filter(folder -> !folder.equals(own))
            .findFirst();
    if (other.isPresent() && !volumes.isEmpty()) {
      throw new KurveException(
          ErrorCode.IN_USE,
          "another playground of this machine runs in " + other.get(),
          "end it first (`kurve playground down --dir "
              + ShellWord.of(other.get())
              + "`): a machine can have one with devices at a time");
    }
  }

  /** A line for each mount on a device that one of these hosts lost. */
  static List<String> deadMounts(List<Path> runs) throws IOException {
    if (noDevices().isPresent()) {
      return List.of();
    }
    List<String> lines = new ArrayList<>();
    for (Path run : runs) {
      for (LostDevices.Claimed lost : LostDevices.of(run).claimed()) {
        for (String point : lost.users().mountPoints()) {
          lines.add(
              "%s is mounted on %s, which is dead and gives only I/O errors: umount %s, then mount the new device"
                  .formatted(point, lost.device(), point));
        }
      }
    }
    return lines;
  }

  /** Takes away the mounts and loop devices that dead hosts left. */
  static void clearLeftovers(List<Path> runs) throws IOException {
    if (noDevices().isPresent()) {
      return;
    }
    for (Path run : runs) {
      if (Files.exists(run)) {
        Posix posix = new Posix();
        try (RunDirectory directory = RunDirectory.lock(run)) {
          new Leftovers(
                  posix,
                  new LoopDevices(posix, new DescriptorOwner(posix)),
                  new DeviceLinks(
                      LINKS,
                      directory.mounts(),
                      directory::isOfSameCluster,
                      new DeadDevices(posix)),
                  directory.mounts())
              .clear();
        }
      }
    }
  }

  private static List<BoundLoop> bound(Path run) throws IOException {
    Path mounts = run.resolve("mounts");
    if (!Files.exists(run)) {
      return List.of();
    }
    Posix posix = new Posix();
    return new LoopDevices(posix, new DescriptorOwner(posix))
        .boundBelow(run.toRealPath().resolve(mounts.getFileName()));
  }
}
