package io.kurve.blockdev.loop;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps a device from filling the room that the kernel has for dirty pages of all devices
 * (vm.dirty_ratio, vm.dirty_bytes). Its pages become clean by what chunkservers write, and those on
 * the same machine need some of that room for their own files: once it is full every write of
 * theirs waits until pages are clean, and the pages wait for them.
 */
final class WriteBackShare {
  private static final Logger LOG = LoggerFactory.getLogger(WriteBackShare.class);
  private static final Path SYSFS = Path.of("/sys/block");

  /** At most that much of the room, in per cent. */
  private static final String OURS = "50";

  private static final String ALL = "100";

  /** From now on it has a share of its own, also while there is room. */
  void limit(String device) {
    try {
      set(device, "max_ratio", OURS);
      set(device, "strict_limit", "1");
    } catch (IOException e) {
      LOG.warn(
          "a file system on {} may stall while memory is short, if chunkservers run on this machine:"
              + " its share of the dirty pages can't be limited (Linux 6.2, and /sys to write to)",
          device,
          e);
    }
  }

  /** The number may be another's device next. */
  void lift(String device) {
    try {
      set(device, "strict_limit", "0");
      set(device, "max_ratio", ALL);
    } catch (IOException e) {
      LOG.debug("{} keeps its share of the dirty pages", device, e);
    }
  }

  private static void set(String device, String what, String value) throws IOException {
    Path file = SYSFS.resolve(Path.of(device).getFileName()).resolve("bdi").resolve(what);
    Files.writeString(file, value, StandardOpenOption.WRITE);
  }
}
