package io.kurve.cli.playground;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
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

  @Test
  void aDeviceThatAHostLostIsNamedUntilItIsUnmounted() throws Exception {
    Path run = Files.createDirectories(root.resolve("run"));
    Path file = root.resolve("attachment-7");
    Files.write(file, new byte[4 << 20]);
    Path point = Files.createDirectories(root.resolve("point"));
    String device = losetup("--find", "--show", file.toString());
    Path notes = Files.createDirectories(run.resolve("lost"));
    Path note = notes.resolve(Path.of(device).getFileName().toString());
    try {
      run("mkfs.ext4", "-q", device);
      run("mount", device, point.toString());
      try {
        Machine.refuseClaimed(List.of(run));
        Files.writeString(note, "attachment-7");
        assertThatThrownBy(() -> Machine.refuseClaimed(List.of(run)))
            .isInstanceOf(KurveException.class)
            .hasMessageContaining(device + " is mounted at " + point);
        assertThat(Machine.deadMounts(List.of(run)))
            .singleElement()
            .asString()
            .contains("umount " + point);
      } finally {
        run("umount", point.toString());
      }
      Machine.refuseClaimed(List.of(run));
    } finally {
      losetup("--detach", device);
    }
    assertThat(Machine.deadMounts(List.of(run))).isEmpty();
    assertThat(notes).isEmptyDirectory();
  }

  @Test
  void aDeviceUnderAnotherIsNotTakenAway() throws Exception {
    Path run = root.resolve("run");
    Path file = Files.createDirectories(run.resolve("mounts/attachment-7")).resolve("attachment-7");
    Files.write(file, new byte[1 << 20]);
    String device = losetup("--find", "--show", file.toString());
    try {
      Machine.refuseClaimed(List.of(run));
      String upper = losetup("--find", "--show", device);
      try {
        assertThatThrownBy(() -> Machine.refuseClaimed(List.of(run)))
            .isInstanceOfSatisfying(
                KurveException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.IN_USE))
            .hasMessageContaining(device + " is backing " + upper);
      } finally {
        losetup("--detach", upper);
      }
    } finally {
      losetup("--detach", device);
    }
  }

  private static String losetup(String... arguments) throws Exception {
    List<String> command = new ArrayList<>(List.of("losetup"));
    command.addAll(List.of(arguments));
    return run(command.toArray(String[]::new));
  }

  private static String run(String... command) throws Exception {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
    return output.strip();
  }
}
