package io.kurve.dist.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/**
 * How much the kernel lets all programs write before they have to wait for the disks, while this is
 * open. A shell keeps what was there before and puts it back when its input ends: also when the
 * tests' own process is killed, with its group.
 */
final class DirtyLimit implements AutoCloseable {
  private static final Path BYTES = Path.of("/proc/sys/vm/dirty_bytes");
  private static final Path RATIO = Path.of("/proc/sys/vm/dirty_ratio");

  /** Setting one of the two sets the other to 0. */
  private static final String KEEPER =
      """
      trap '' HUP INT TERM
      cd /proc/sys/vm
      bytes=$(cat dirty_bytes) ratio=$(cat dirty_ratio)
      echo "$1" >dirty_bytes && cat dirty_bytes
      cat >/dev/null
      if [ "$bytes" = 0 ]; then echo "$ratio" >dirty_ratio; else echo "$bytes" >dirty_bytes; fi
      """;

  private final Process keeper;
  private final String before;

  private DirtyLimit(Process keeper, String before) {
    this.keeper = keeper;
    this.before = before;
  }

  static DirtyLimit set(long bytes) throws IOException, InterruptedException {
    String before = both();
    Process keeper =
        new ProcessBuilder("setsid", "sh", "-c", KEEPER, "sh", Long.toString(bytes))
            .redirectErrorStream(true)
            .start();
    DirtyLimit limit = new DirtyLimit(keeper, before);
    BufferedReader said = keeper.inputReader(StandardCharsets.UTF_8);
    String line = said.readLine();
    if (!Long.toString(bytes).equals(line)) {
      limit.close();
      throw new AssertionError(
          "the tests need leave to set "
              + BYTES
              + " (root, and a /proc/sys that can be written): "
              + line);
    }
    return limit;
  }

  private static String both() throws IOException {
    return Files.readString(BYTES).strip() + " bytes, " + Files.readString(RATIO).strip() + " %";
  }

  @Override
  public void close() throws IOException, InterruptedException {
    keeper.getOutputStream().close();
    assertThat(keeper.waitFor(10, TimeUnit.SECONDS)).as("the shell has ended").isTrue();
    assertThat(both()).as("the limit on dirty pages").isEqualTo(before);
  }
}
