package io.kurve.dist.process;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/** What the kernel has finished writing to a block device. */
final class Written {
  private static final int SECTORS_WRITTEN = 6;
  private final Path stat;

  Written(String device) {
    this.stat = Path.of("/sys/block", Path.of(device).getFileName().toString(), "stat");
  }

  long sectors() throws IOException {
    return Long.parseLong(Files.readString(stat).strip().split("\\s+")[SECTORS_WRITTEN]);
  }

  void awaitProgress(Duration limit) throws Exception {
    // What was in flight may still end: only more than a full queue is progress.
    long enough = sectors() + 64 * 8;
    Deadline.await(limit, "more is written to " + stat, () -> sectors() > enough);
  }
}
