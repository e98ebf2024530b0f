package io.kurve.cli.playground;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What keeps a machine from having block devices is named with its cure, one thing at a time. */
class MachineTest {
  @TempDir Path root = Path.of("/");

  private String obstacle(String system) {
    return Machine.noDevices(system, root).orElse("none");
  }

  @Test
  void eachIsNamedUntilNothingIsMissing() throws IOException {
    assertThat(obstacle("Plan 9")).contains("need Linux");
    Path status = Files.createDirectories(root.resolve("proc/self")).resolve("status");
    Files.writeString(status, "Name:\tjava\nUid:\t1000\t1000\t1000\t1000\n");
    assertThat(obstacle("Linux")).contains("need root").contains("sudo");
    Files.writeString(status, "Name:\tjava\nUid:\t0\t0\t0\t0\n");
    Path dev = Files.createDirectories(root.resolve("dev"));
    assertThat(obstacle("Linux")).contains("/dev/fuse").contains("modprobe fuse");
    Files.createFile(dev.resolve("fuse"));
    assertThat(obstacle("Linux")).contains("/dev/loop-control").contains("modprobe loop");
    Files.createFile(dev.resolve("loop-control"));
    assertThat(obstacle("Linux")).isEqualTo("none");
  }
}
