package io.kurve.cli.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Processor time of some processes together, as Linux counts it. */
final class CpuTime {
  private static final int USER_TIME = 11;
  private static final int SYSTEM_TIME = 12;

  /** Of /proc's clock ticks; 100 a second on every Linux that Java runs on. */
  private static final long TICK_MICROS = 10_000;

  private final List<Long> pids;

  CpuTime(List<Long> pids) {
    this.pids = List.copyOf(pids);
  }

  /** A process that has ended counts no more. */
  long micros() {
    return pids.stream().mapToLong(CpuTime::micros).sum();
  }

  private static long micros(long pid) {
    try {
      String line = Files.readString(Path.of("/proc", Long.toString(pid), "stat"));
      String[] fields = line.substring(line.lastIndexOf(')') + 2).split(" ");
      return (Long.parseLong(fields[USER_TIME]) + Long.parseLong(fields[SYSTEM_TIME]))
          * TICK_MICROS;
    } catch (IOException e) {
      return 0;
    }
  }
}
