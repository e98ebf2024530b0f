package io.kurve.blockdev.loop;

import io.kurve.blockdev.posix.MountTable;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * Who has a block device in use, as far as /proc and /sys tell.
 *
 * @param mountPoints in any mount namespace that can be seen
 * @param others swap, devices stacked on it, processes that have it open
 */
public record DeviceUsers(List<String> mountPoints, List<String> others) {
  private static final Path PROC = Path.of("/proc");

  public DeviceUsers {
    mountPoints = List.copyOf(mountPoints);
    others = List.copyOf(others);
  }

  public static DeviceUsers of(BoundLoop loop) throws IOException {
    String name = "loop" + loop.number();
    return find(name, DeviceNumber.ofBlock(name).toString());
  }

  static DeviceUsers find(String name, String number) throws IOException {
    String device = "/dev/" + name;
    Set<String> mounts = new LinkedHashSet<>();
    Set<String> others = new LinkedHashSet<>();
    for (String line : lines(PROC.resolve("swaps"))) {
      if (line.startsWith(device + " ") || line.startsWith(device + "\t")) {
        others.add("used as swap");
      }
    }
    Path holders = Path.of("/sys/block", name, "holders");
    if (Files.isDirectory(holders)) {
      try (DirectoryStream<Path> entries = Files.newDirectoryStream(holders)) {
        entries.forEach(entry -> others.add("part of /dev/" + entry.getFileName()));
      }
    }
    mounts.addAll(mountPoints(MountTable.own(), number, device));
    String self = String.valueOf(ProcessHandle.current().pid());
    Set<String> namespaces = new TreeSet<>();
    namespaces.add(link(PROC.resolve("self/ns/mnt")));
    try (DirectoryStream<Path> processes = Files.newDirectoryStream(PROC, "[1-9]*")) {
      for (Path process : processes) {
        String pid = process.getFileName().toString();
        if (pid.equals(self)) {
          continue;
        }
        if (namespaces.add(link(process.resolve("ns/mnt")))) {
          mounts.addAll(
              mountPoints(MountTable.parse(lines(process.resolve("mountinfo"))), number, device));
        }
        if (hasOpen(process.resolve("fd"), device)) {
          others.add(
              "open in process "
                  + pid
                  + " ("
                  + String.join(" ", lines(process.resolve("comm")))
                  + ")");
        }
      }
    }
    return new DeviceUsers(List.copyOf(mounts), List.copyOf(others));
  }

  public boolean none() {
    return mountPoints.isEmpty() && others.isEmpty();
  }

  /** {@code mounted at /mnt, used as swap}. */
  public String describeOr(String nothingKnown) {
    List<String> all = new ArrayList<>();
    mountPoints.forEach(point -> all.add("mounted at " + point));
    all.addAll(others);
    return all.isEmpty() ? nothingKnown : String.join(", ", all);
  }

  /** By its number, or by its name for file systems that number themselves (btrfs). */
  private static List<String> mountPoints(MountTable table, String number, String device) {
    return table.mounts().stream()
        .filter(mount -> mount.device().equals(number) || mount.source().equals(device))
        .map(MountTable.Mount::point)
        .toList();
  }

  private static boolean hasOpen(Path descriptors, String device) {
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(descriptors)) {
      for (Path entry : entries) {
        if (link(entry).equals(device)) {
          return true;
        }
      }
      return false;
    } catch (IOException e) {
      return false; // the process ended, or is not ours to look into
    }
  }

  private static String link(Path path) {
    try {
      return Files.readSymbolicLink(path).toString();
    } catch (IOException e) {
      return ""; // the same
    }
  }

  private static List<String> lines(Path path) {
    try {
      return Files.readAllLines(path);
    } catch (IOException e) {
      return List.of(); // the same
    }
  }
}
