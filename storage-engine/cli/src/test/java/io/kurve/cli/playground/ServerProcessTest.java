package io.kurve.cli.playground;

import static org.assertj.core.api.Assertions.assertThat;

import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.ExitCode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Which processes are a playground's own, and may be ended. */
@Timeout(60)
class ServerProcessTest {
  private static final String NAME = "mds-1";

  @TempDir Path parent = Path.of("/");
  private final List<Process> started = new ArrayList<>();

  @AfterEach
  void end() throws Exception {
    for (Process process : started) {
      process.destroyForcibly();
      assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
    }
  }

  @Test
  void aCopyOfAFolderDoesNotOwnTheProcessesOfTheOriginal() throws Exception {
    Layout original = layout("original");
    Process server = start(original);
    record(original, server);
    Layout copy = layout("copy");
    Files.copy(original.pidFile(NAME), copy.pidFile(NAME));

    assertThat(new ServerProcess(copy, NAME).find()).isEmpty();
    new ServerProcess(copy, NAME).stop(Duration.ofSeconds(5));
    assertThat(server.isAlive()).isTrue();

    assertThat(new ServerProcess(original, NAME).find()).contains(server.toHandle());
  }

  @Test
  void theSameFolderByAnotherNameOwnsThem() throws Exception {
    Layout original = layout("original");
    Process server = start(original);
    record(original, server);
    Files.createSymbolicLink(parent.resolve("link"), original.directory());

    assertThat(new ServerProcess(new Layout(parent.resolve("link")), NAME).find())
        .contains(server.toHandle());
  }

  @Test
  void oneThatWasNotRecordedIsFoundByItsReadyFile() throws Exception {
    Layout original = layout("original");
    Process server = start(original);

    assertThat(new ServerProcess(original, NAME).find()).contains(server.toHandle());
    assertThat(new ServerProcess(layout("other"), NAME).find()).isEmpty();
  }

  @Test
  void aPlaygroundOfThisMachineIsKnownByItsFirstProcess() throws Exception {
    Layout layout = layout("original");
    Path folder = layout.directory().toRealPath();
    Process unused = start(layout);
    assertThat(ServerProcess.playgroundsOfRoot()).doesNotContain(folder);
    Files.createFile(Settings.file(layout.directory()));
    assertThat(ServerProcess.playgroundsOfRoot()).contains(folder);
  }

  @Test
  void theSamePathInAnotherContainerIsAnotherFolder() throws Exception {
    Layout here = layout("original");
    Layout there = layout("elsewhere");
    Process server =
        start(
            here,
            "unshare",
            "--mount",
            "sh",
            "-c",
            "mount --bind '%s' '%s' && echo ready && read -r line"
                .formatted(there.directory(), here.directory()));
    record(here, server);

    assertThat(new ServerProcess(here, NAME).find()).isEmpty();
    assertThat(server.isAlive()).isTrue();
  }

  /** As with the process 1 of a container, which looks for ended children every few seconds. */
  @Test
  void oneWhoseParentHasNotHeardOfItsEndHasEnded() throws Exception {
    Layout layout = layout("orphaned");
    Process parent =
        new ProcessBuilder(
                "sh",
                "-c",
                "sh -c 'echo $$; read -r line <\"$3\"' io.kurve.dist.Kurve --ready-file \"$1\" \"$2\""
                    + " & exec cat \"$3\"",
                "parent",
                layout.readyFile(NAME).toString(),
                fifo("quiet"),
                fifo("silent"))
            .start();
    started.add(parent);
    long pid = Long.parseLong(parent.inputReader().readLine());
    record(layout, pid);
    ServerProcess server = new ServerProcess(layout, NAME);
    assertThat(server.find().map(ProcessHandle::pid)).contains(pid);

    server.stop(Duration.ofSeconds(5));

    assertThat(ProcessHandle.of(pid).map(ProcessHandle::isAlive)).contains(true);
    assertThat(server.find()).isEmpty();
  }

  private String fifo(String name) throws Exception {
    Path fifo = parent.resolve(name);
    assertThat(new ProcessBuilder("mkfifo", fifo.toString()).start().waitFor()).isZero();
    return fifo.toString();
  }

  @Test
  void howAServerEndsIsHowTheCommandEnds() {
    for (ErrorCode code :
        List.of(ErrorCode.REFUSED, ErrorCode.IN_USE, ErrorCode.NO_SPACE, ErrorCode.UNSUPPORTED)) {
      int number = ExitCode.of(code).number();
      assertThat(ExitCode.of(ServerProcess.codeOf(number)).number()).isEqualTo(number);
    }
    assertThat(ServerProcess.codeOf(ExitCode.of(ErrorCode.BAD_STORE).number()))
        .isEqualTo(ErrorCode.REFUSED);
    assertThat(ServerProcess.codeOf(137)).isEqualTo(ErrorCode.UNAVAILABLE);
  }

  private Layout layout(String folder) throws Exception {
    Layout layout = new Layout(parent.resolve(folder));
    Files.createDirectories(layout.process(NAME));
    return layout;
  }

  /** Looks like a server by its command line, and waits. */
  private Process start(Layout layout) throws Exception {
    return start(layout, "sh", "-c", "echo ready && read -r line");
  }

  private Process start(Layout layout, String... program) throws Exception {
    List<String> command = new ArrayList<>(List.of(program));
    command.addAll(
        List.of("io.kurve.dist.Kurve", "--ready-file", layout.readyFile(NAME).toString()));
    Process process = new ProcessBuilder(command).start();
    started.add(process);
    assertThat(process.inputReader().readLine()).isEqualTo("ready");
    return process;
  }

  private static void record(Layout layout, Process process) throws Exception {
    record(layout, process.pid());
  }

  private static void record(Layout layout, long pid) throws Exception {
    String stat = Files.readString(Path.of("/proc", Long.toString(pid), "stat"));
    String start = stat.substring(stat.lastIndexOf(')') + 2).split(" ")[19];
    Files.writeString(layout.pidFile(NAME), pid + " " + start + "\n");
  }
}
