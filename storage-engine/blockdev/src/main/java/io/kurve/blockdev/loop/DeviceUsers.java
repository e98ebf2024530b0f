package io.kurve.blockdev.loop;

import io.kurve.blockdev.posix.MountTable;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Who has a block device or one of its partitions in use, as far as /proc and /sys tell.
 *
 * @param mountPoints in any mount namespace that can be seen
 * @param stacked swap and other devices: the kernel itself writes to it for them
 * @param processes that have it open
 */
public record DeviceUsers(List<String> mountPoints, List<String> stacked, List<String> processes) {
  static final DeviceUsers NONE = new DeviceUsers(List.of(), List.of(), List.of());
  private static final Path PROC = Path.of("/proc");
  private static final Path SYSFS = Path.of("/sys/block");

  public DeviceUsers {
    mountPoints = List.copyOf(mountPoints);
    stacked = List.copyOf(stacked);
    processes = List.copyOf(processes);
  }

  public static DeviceUsers of(BoundLoop loop) throws IOException {
    return find(loop.number(), Set.of());
  }

  /**
   * @param own processes that don't count, as this one
   */
  static DeviceUsers find(int loop, Set<Long> own) throws IOException {
    Map<String, String> devices = withPartitions("loop" + loop);
    Set<String> mounts = new LinkedHashSet<>(mountPoints(MountTable.own(), devices));
    List<String> processes = new ArrayList<>();
    String self = String.valueOf(ProcessHandle.current().pid());
    Set<String> namespaces = new TreeSet<>();
    namespaces.add(link(PROC.resolve("self/ns/mnt")));
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(PROC, "[1-9]*")) {
      for (Path process : entries) {
        String pid = process.getFileName().toString();
        if (pid.equals(self)) {
          continue;
        }
        if (namespaces.add(link(process.resolve("ns/mnt")))) {
          mounts.addAll(
              mountPoints(MountTable.parse(lines(process.resolve("mountinfo"))), devices));
        }
        if (!own.contains(Long.parseLong(pid))
            && hasOpen(process.resolve("fd"), devices.keySet())) {
          processes.add(
              "open in process "
                  + pid
                  + " ("
                  + String.join(" ", lines(process.resolve("comm")))
                  + ")");
        }
      }
    }
    return new DeviceUsers(List.copyOf(mounts), stackedOn(SYSFS, devices.keySet()), processes);
  }

  /** Device numbers by name. */
  private static Map<String, String> withPartitions(String name) throws IOException {
    Map<String, String> devices = new TreeMap<>();
    devices.put("/dev/" + name, DeviceNumber.ofBlock(name).toString());
    try (DirectoryStream<Path> partitions =
        Files.newDirectoryStream(SYSFS.resolve(name), name + "p*")) {
      for (Path partition : partitions) {
        String number = String.join("", lines(partition.resolve("dev")));
        devices.put("/dev/" + partition.getFileName(), number);
      }
    }
    return devices;
  }

  /**
   * @param sysfs where block devices are described
   * @param devices a whole one and its partitions, by name
   */
  static List<String> stackedOn(Path sysfs, Set<String> devices) throws IOException {
    List<String> stacked = new ArrayList<>();
    for (String line : lines(PROC.resolve("swaps"))) {
      if (devices.contains(line.split("\\s", 2)[0])) {
        stacked.add("used as swap");
      }
    }
    // The first is the whole device: its partitions are folders in its own.
    Path whole = sysfs.resolve(Path.of(devices.iterator().next()).getFileName());
    for (String device : devices) {
      Path name = Path.of(device).getFileName();
      Path holders = (whole.endsWith(name) ? whole : whole.resolve(name)).resolve("holders");
      if (Files.isDirectory(holders)) {
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(holders)) {
          entries.forEach(entry -> stacked.add("part of /dev/" + entry.getFileName()));
        }
      }
    }
    // A loop device is no holder of what it lies on, and claims nothing.
    for (BoundLoop upper : LoopDevices.bound()) {
      if (devices.contains(upper.backingFile().toString())) {
        stacked.add("backing " + upper.device());
      }
    }
    return stacked;
  }

  public boolean none() {
    return !isClaimed() && processes.isEmpty();
  }

  /** By more than processes: file systems and devices lose data when it goes. */
  public boolean isClaimed() {
    return !claims().isEmpty();
  }

  /** {@code mounted at /mnt, used as swap}. */
  public List<String> claims() {
    return Stream.concat(mountPoints.stream().map(point -> "mounted at " + point), stacked.stream())
        .toList();
  }

  /** All of them, {@code mounted at /mnt, open in process 7 (dd)}. */
  public String describeOr(String nothingKnown) {
    return none()
        ? nothingKnown
        : Stream.concat(claims().stream(), processes.stream()).collect(Collectors.joining(", "));
  }

  /** By number, or by name for file systems that number themselves (btrfs). */
  private static List<String> mountPoints(MountTable table, Map<String, String> devices) {
    return table.mounts().stream()
        .filter(
            mount -> devices.containsValue(mount.device()) || devices.containsKey(mount.source()))
        .map(MountTable.Mount::point)
        .toList();
  }

  private static boolean hasOpen(Path descriptors, Set<String> devices) {
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(descriptors)) {
      for (Path entry : entries) {
        if (devices.contains(link(entry))) {
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
