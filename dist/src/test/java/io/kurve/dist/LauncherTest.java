package io.kurve.dist;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.kurve.testkit.log.Patience;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The launcher's rehearsal, with a Java that only notes how it was called. */
@Timeout(120)
final class LauncherTest {
  private static final Path ROOT = Path.of("..");

  @TempDir Path folder = Path.of("");
  private Path home = folder;
  private Path calls = folder;
  private String launcher = "./kurve";

  private record Ended(int exit, String out, String err) {}

  /** A tree that is built, and was not rehearsed. */
  @BeforeEach
  void build() throws IOException {
    home = Files.createDirectories(folder.resolve("dist/target/kurve"));
    calls = folder.resolve("calls");
    Files.copy(ROOT.resolve("kurve"), folder.resolve("kurve"));
    Files.createDirectories(folder.resolve("build"));
    Files.copy(ROOT.resolve("build/find-jdk.sh"), folder.resolve("build/find-jdk.sh"));
    for (String source :
        List.of(".mvn", "dist/src/main", "dist/src/launcher", "storage-engine/x/src/main")) {
      Files.createDirectories(folder.resolve(source));
    }
    for (String file : List.of("pom.xml", "dist/pom.xml", "storage-engine/x/pom.xml")) {
      Files.createFile(folder.resolve(file));
    }
    Files.writeString(home.resolve("jvm.flags"), "-Dflag");
    Path jar = Files.createFile(Files.createDirectories(home.resolve("lib")).resolve(JAR));
    try (Stream<Path> tree = Files.walk(folder)) {
      for (Path file : tree.toList()) {
        Files.setLastModifiedTime(file, FileTime.from(Instant.now().minusSeconds(60)));
      }
    }
    Files.setLastModifiedTime(jar, FileTime.from(Instant.now().minusSeconds(30)));
    Path bin = Files.createDirectories(folder.resolve("jdk/bin"));
    program(bin.resolve("javac"), "true");
    java("echo notes >\"$notes\"", "true");
  }

  private static final String JAR = "kurve-dist-1.jar";

  /** What Java does when it rehearses, and when it is to load the notes. */
  private void java(String rehearsal, String load) throws IOException {
    program(
        folder.resolve("jdk/bin/java"),
        """
        for word; do
          case "$word" in -XX:AOTCacheOutput=*) notes=${word#*=} ;; esac
        done
        case "$*" in
          -version) echo 'openjdk version "25.0.1" 2026-01-01' >&2 ;;
          *" rehearse "*) echo "rehearse $$" >>'CALLS'; REHEARSAL ;;
          *AOTMode=on*) LOAD ;;
          *) echo "$* $LC_ALL" >>'CALLS' ;;
        esac
        """
            .replace("CALLS", calls.toString())
            .replace("REHEARSAL", rehearsal)
            .replace("LOAD", load));
  }

  private static void program(Path file, String body) throws IOException {
    Files.writeString(file, "#!/bin/sh\n" + body + "\n");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  /** Leads a process group, as it does at a terminal. */
  private Process start(String... words) throws IOException {
    List<String> command = new ArrayList<>(List.of("setsid", launcher));
    command.addAll(words.length == 0 ? List.of("volume", "delete", "demo") : List.of(words));
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(folder.toFile())
            .redirectOutput(folder.resolve("out").toFile())
            .redirectError(folder.resolve("err").toFile());
    builder.environment().keySet().removeIf(name -> name.startsWith("LC_") || name.equals("LANG"));
    builder.environment().put("JAVA_HOME", folder.resolve("jdk").toString());
    builder.environment().merge("PATH", folder + ":", (path, first) -> first + path);
    return builder.start();
  }

  private Ended run(String... words) throws Exception {
    return ended(start(words));
  }

  private Ended ended(Process launcher) throws Exception {
    assertThat(launcher.waitFor(60, TimeUnit.SECONDS)).isTrue();
    return new Ended(
        launcher.exitValue(),
        Files.readString(folder.resolve("out"), StandardCharsets.UTF_8),
        Files.readString(folder.resolve("err"), StandardCharsets.UTF_8));
  }

  private List<String> calls() throws IOException {
    return Files.exists(calls) ? Files.readAllLines(calls) : List.of();
  }

  private List<String> folders() throws IOException {
    try (Stream<Path> files = Files.list(folder.resolve("dist/target"))) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  @Test
  void whatIsInterruptedWhileItRehearsesDoesNotRun() throws Exception {
    java("exec sleep 600", "true");
    for (String signal : List.of("INT", "TERM")) {
      Files.deleteIfExists(calls);
      Process launcher = start();
      Patience.await("it rehearses", Duration.ofSeconds(60), () -> calls.toFile().length() > 0);
      ProcessHandle java =
          ProcessHandle.of(Long.parseLong(calls().getFirst().split(" ")[1])).orElseThrow();
      String whom = signal.equals("INT") ? "-" + launcher.pid() : "" + launcher.pid();
      assertThat(new ProcessBuilder("kill", "-" + signal, "--", whom).start().waitFor()).isZero();

      assertThat(ended(launcher).exit()).isEqualTo(signal.equals("INT") ? 130 : 143);
      assertThat(java.onExit().get(20, TimeUnit.SECONDS).isAlive()).isFalse();
      assertThat(calls()).hasSize(1);
      assertThat(folders()).containsExactly(".build-lock", "kurve");
      assertThat(home.resolve("kurve.aot")).doesNotExist();
    }
  }

  @Test
  void theNotesAreUsedOnceTheyLoadAndLeftoversGo() throws Exception {
    Files.createDirectories(folder.resolve("dist/target/rehearsal.killed/disk"));
    assertThat(run().exit()).isZero();
    assertThat(calls()).hasSize(2);
    assertThat(calls().get(0)).startsWith("rehearse");
    assertThat(calls().get(1)).contains("-XX:AOTCache=" + home.resolve("kurve.aot"));
    assertThat(folders()).containsExactly(".build-lock", "kurve");
    assertThat(home.resolve("kurve.aot.new")).doesNotExist();

    assertThat(run()).isEqualTo(new Ended(0, "", ""));
    assertThat(calls()).hasSize(3);
  }

  @Test
  void notesThatDoNotLoadAreNotUsed() throws Exception {
    java("echo half >\"$notes\"", "exit 1");
    assertThat(run().err()).contains("the rehearsal failed");
    assertThat(calls().get(1)).endsWith("volume delete demo C.UTF-8").doesNotContain("AOTCache");
    assertThat(run()).isEqualTo(new Ended(0, "", ""));
  }

  @Test
  void notesOfAnOlderBuildAreNotUsed() throws Exception {
    assertThat(run().exit()).isZero();
    Path notes = home.resolve("kurve.aot");
    Path jar = home.resolve("lib").resolve(JAR);
    Files.setLastModifiedTime(notes, FileTime.from(Instant.now().minusSeconds(40)));
    assertThat(run().exit()).isZero();
    assertThat(calls()).hasSize(4);
    assertThat(calls().get(2)).startsWith("rehearse");
    assertThat(calls().get(3)).contains("-XX:AOTCache=" + notes);

    // Made by a clock that is ahead: what is rehearsed now is older still.
    Files.setLastModifiedTime(jar, FileTime.from(Instant.now().plusSeconds(3600)));
    assertThat(run().exit()).isZero();
    assertThat(calls().get(4)).startsWith("rehearse");
    assertThat(calls().get(5)).endsWith("volume delete demo C.UTF-8").doesNotContain("AOTCache");
  }

  @Test
  void whoCanNotWriteInATreeThatMustBeBuiltIsToldWhoCan() throws Exception {
    Files.setLastModifiedTime(folder.resolve("pom.xml"), FileTime.from(Instant.now()));
    Files.createDirectory(folder.resolve("dist/target/.build-lock"));
    Ended refused = run("volume", "list");
    assertThat(refused.exit()).isEqualTo(9);
    assertThat(refused.out()).isEmpty();
    assertThat(refused.err().lines()).hasSize(1);
    assertThat(refused.err())
        .startsWith("kurve: it must be built, and ")
        .contains("can't write in " + folder.resolve("dist/target"))
        .contains("run `./kurve --help` once as its owner");

    Ended object = run("volume", "list", "-o", "json");
    assertThat(object.exit()).isEqualTo(9);
    assertThat(object.err()).isEqualTo(refused.err());
    JsonNode error = new ObjectMapper().readTree(object.out());
    assertThat(error.get("exit").asInt()).isEqualTo(9);
    assertThat(error.at("/error/code").asText()).isEqualTo("UNSUPPORTED");
    assertThat("kurve: " + error.at("/error/text").asText())
        .isEqualTo(refused.err().substring(0, refused.err().indexOf(" — ")));
    assertThat(calls()).isEmpty();
  }

  @Test
  void aBuildThatFailsIsNamedWithoutColours() throws Exception {
    Files.setLastModifiedTime(folder.resolve("pom.xml"), FileTime.from(Instant.now()));
    program(folder.resolve("mvn"), "printf '\\033[1;31mno room\\033[0m\\n\\033[0m'; exit 1");
    Ended failed = run("volume", "list", "-o", "json");
    assertThat(failed.exit()).isEqualTo(1);
    assertThat(failed.err())
        .contains("no room\nkurve: the build failed — the lines above say where\n")
        .doesNotContain("\u001b");
    assertThat(new ObjectMapper().readTree(failed.out()).at("/error/code").asText())
        .isEqualTo("INTERNAL");
  }

  @Test
  void commandsLearnHowTheyWereCalledAndThatNamesAreUtf8() throws Exception {
    assertThat(run().exit()).isZero();
    assertThat(calls().getLast())
        .contains("-Dkurve.command=./kurve ")
        .endsWith("volume delete demo C.UTF-8");
    launcher = "kurve"; // it is in the PATH, too
    assertThat(run().exit()).isZero();
    assertThat(calls().getLast()).contains("-Dkurve.command=kurve ");
  }

  @Test
  void withLittleRoomThereIsNoRehearsalAndOneLine() throws Exception {
    program(
        folder.resolve("df"), "printf 'Filesystem 1024-blocks Used Available\\n/ 9 9 3000000\\n'");
    Ended first = run();
    assertThat(first.exit()).isZero();
    assertThat(first.err().lines()).hasSize(1);
    assertThat(first.err()).contains("no rehearsal").contains("3 GiB free");
    assertThat(calls()).hasSize(1);
    assertThat(calls().getFirst()).endsWith("volume delete demo C.UTF-8");
    assertThat(run()).isEqualTo(new Ended(0, "", ""));
  }
}
