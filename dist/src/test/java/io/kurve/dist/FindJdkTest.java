package io.kurve.dist;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The launcher takes a JDK that is new enough, wherever it is, and names those that are not. */
final class FindJdkTest {
  private static final Path SCRIPT = Path.of("..", "build", "find-jdk.sh");

  @TempDir Path folder = Path.of("");

  private record Found(int exit, String out, String err) {}

  private Path jdk(String name, String version, boolean compiler) throws IOException {
    Path bin = Files.createDirectories(folder.resolve(name).resolve("bin"));
    program(bin.resolve("java"), "echo 'openjdk version \"" + version + "\" 2026-01-01' >&2");
    if (compiler) {
      program(bin.resolve("javac"), "true");
    }
    return folder.resolve(name);
  }

  private static void program(Path file, String body) throws IOException {
    Files.writeString(file, "#!/bin/sh\n" + body + "\n");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  /** With {@code jvm} in the place of /usr/lib/jvm. */
  private Found find(Path javaHome) throws IOException, InterruptedException {
    String script = Files.readString(SCRIPT);
    assertThat(script).contains("/usr/lib/jvm/*");
    Path copy =
        Files.writeString(
            folder.resolve("find-jdk.sh"),
            script.replace("/usr/lib/jvm/*", folder.resolve("jvm") + "/*"));
    Path out = folder.resolve("out");
    Path err = folder.resolve("err");
    ProcessBuilder builder =
        new ProcessBuilder("bash", "-c", ". '" + copy + "'; find_jdk")
            .redirectOutput(out.toFile())
            .redirectError(err.toFile());
    builder.environment().put("JAVA_HOME", javaHome.toString());
    builder.environment().put("PATH", programs().toString());
    Process process = builder.start();
    assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
    return new Found(
        process.exitValue(),
        Files.readString(out, StandardCharsets.UTF_8).strip(),
        Files.readString(err, StandardCharsets.UTF_8).strip());
  }

  /** A PATH with what the script needs, and without the machine's own Java. */
  private Path programs() throws IOException {
    Path programs = Files.createDirectories(folder.resolve("programs"));
    for (String name : new String[] {"sed", "head", "dirname", "readlink"}) {
      program(programs.resolve(name), "exec /usr/bin/" + name + " \"$@\"");
    }
    return programs;
  }

  @Test
  void theOneInJavaHomeIsTakenWhenItIsNewEnough() throws Exception {
    Path home = jdk("home", "25.0.1", true);
    assertThat(find(home)).isEqualTo(new Found(0, home.toString(), ""));
  }

  @Test
  void elseOneInTheUsualPlace() throws Exception {
    Path old = jdk("old", "21.0.2", true);
    Path withoutCompiler = jdk("jvm/a-runtime", "26", false);
    Path good = jdk("jvm/b-good", "26", true);
    assertThat(withoutCompiler).exists();
    assertThat(find(old)).isEqualTo(new Found(0, good.toString(), ""));
  }

  @Test
  void elseTheOldOnesAreNamedInOneLineWithTheCure() throws Exception {
    Path old = jdk("old", "21.0.2", true);
    Files.createDirectories(folder.resolve("jvm"));
    Files.createSymbolicLink(folder.resolve("jvm/old-by-another-name"), old);
    Found none = find(old);
    assertThat(none.exit()).isEqualTo(9);
    assertThat(none.out()).isEmpty();
    assertThat(none.err().lines()).hasSize(1);
    assertThat(none.err())
        .startsWith("kurve: no JDK 25 or newer")
        .containsOnlyOnce("has version 21")
        .contains(old + " has version 21")
        .contains("JAVA_HOME");
  }
}
