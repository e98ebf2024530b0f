package io.kurve.blockdev.loop;

import java.nio.file.Path;

/** A loop device that has a backing file, as sysfs shows it. */
public record BoundLoop(int number, Path backingFile) {
  public Path device() {
    return Path.of("/dev/loop" + number);
  }
}
