package io.kurve.blockdev.loop;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Major and minor number, as sysfs and mountinfo write them. */
record DeviceNumber(int major, int minor) {
  static DeviceNumber ofBlock(String name) throws IOException {
    String[] parts = Files.readString(Path.of("/sys/block", name, "dev")).strip().split(":", 2);
    return new DeviceNumber(Integer.parseInt(parts[0]), Integer.parseInt(parts[1]));
  }

  @Override
  public String toString() {
    return major + ":" + minor;
  }
}
