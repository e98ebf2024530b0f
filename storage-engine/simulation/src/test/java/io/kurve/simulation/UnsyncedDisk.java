package io.kurve.simulation;

import io.kurve.core.disk.Disk;
import io.kurve.testkit.disk.ForwardedDisk;
import java.io.IOException;
import java.util.function.BooleanSupplier;

/** Does not sync while it is told not to. */
final class UnsyncedDisk extends ForwardedDisk {
  private final BooleanSupplier skips;

  UnsyncedDisk(Disk disk, BooleanSupplier skips) {
    super(disk);
    this.skips = skips;
  }

  @Override
  public void sync() throws IOException {
    if (!skips.getAsBoolean()) {
      super.sync();
    }
  }
}
