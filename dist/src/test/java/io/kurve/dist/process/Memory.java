package io.kurve.dist.process;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What the kernel says of the machine's memory, in bytes. */
final class Memory {
  private static final int PAGE_BYTES = 4096;

  private Memory() {}

  /** What programs could still take, most of it clean pages of files. */
  static long available() throws IOException {
    return kilobytes(Path.of("/proc/meminfo"), "MemAvailable");
  }

  /** What a process may come to need again: it had it once. */
  static long givenBack(long pid) throws IOException {
    Path status = Path.of("/proc", Long.toString(pid), "status");
    return kilobytes(status, "VmHWM") - kilobytes(status, "VmRSS");
  }

  /** Taken from one use for another since the machine's start, because there was no free page. */
  static long reclaimed() throws IOException {
    String counters = Files.readString(Path.of("/proc/vmstat"));
    return PAGE_BYTES
        * (first(counters, "pgsteal_kswapd (\\d+)") + first(counters, "pgsteal_direct (\\d+)"));
  }

  private static long kilobytes(Path file, String key) throws IOException {
    return 1024 * first(Files.readString(file), key + ":\\s+(\\d+) kB");
  }

  private static long first(String text, String line) {
    Matcher matcher = Pattern.compile("(?m)^" + line).matcher(text);
    if (!matcher.find()) {
      throw new AssertionError("no " + line + " in " + text);
    }
    return Long.parseLong(matcher.group(1));
  }
}
