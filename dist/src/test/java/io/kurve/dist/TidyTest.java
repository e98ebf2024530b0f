package io.kurve.dist;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What no compiler sees: the house rules on the source tree. */
final class TidyTest {
  private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
  private static final int LONGEST_FILE_LINES = 800;
  private static final Pattern UNFINISHED = Pattern.compile("\\b(TODO|FIXME|XXX)\\b");
  private static final Pattern SLEEP = Pattern.compile("Thread\\.sleep\\(|SECONDS\\.sleep\\(");

  @Test
  void everyPackageSaysWhatItOwns() throws IOException {
    List<Path> silent = new ArrayList<>();
    for (Path file : javaFiles("main")) {
      if (!Files.exists(file.resolveSibling("package-info.java"))) {
        silent.add(file);
      }
    }
    assertThat(silent).as("files of packages without package-info").isEmpty();
    for (Path file : javaFiles("main")) {
      if (file.endsWith("package-info.java")) {
        assertThat(Files.readString(file)).as(file.toString()).contains("/**", "@NullMarked");
      }
    }
  }

  @Test
  void filesAreShort() throws IOException {
    for (Path file : javaFiles("main")) {
      try (Stream<String> lines = Files.lines(file)) {
        assertThat(lines.count()).as(file.toString()).isLessThanOrEqualTo(LONGEST_FILE_LINES);
      }
    }
  }

  @Test
  void nothingIsLeftUnfinished() throws IOException {
    for (String kind : List.of("main", "test")) {
      refuse(kind, UNFINISHED);
    }
  }

  @Test
  void testsWaitForConditionsNotForTime() throws IOException {
    refuse("test", SLEEP);
  }

  private static void refuse(String kind, Pattern pattern) throws IOException {
    for (Path file : javaFiles(kind)) {
      if (!file.endsWith("TidyTest.java")) {
        assertThat(pattern.matcher(Files.readString(file)).results()).as(file.toString()).isEmpty();
      }
    }
  }

  @Test
  void everyDependencyHasItsReason() throws IOException {
    String reasons = Files.readString(ROOT.resolve("docs/DEPENDENCIES.md"));
    try (Stream<Path> poms = Files.find(ROOT, 3, (path, _) -> path.endsWith("pom.xml"))) {
      for (Path pom : poms.toList()) {
        Pattern.compile("<dependency>\\s*<groupId>([^<]+)</groupId>\\s*<artifactId>([^<]+)<")
            .matcher(Files.readString(pom))
            .results()
            .filter(found -> !found.group(1).equals("io.kurve"))
            .forEach(found ->
                assertThat(reasons)
                    .as("a line for %s in docs/DEPENDENCIES.md", found.group(2))
                    .contains(found.group(2)));
      }
    }
  }

  private static List<Path> javaFiles(String kind) throws IOException {
    List<Path> files = new ArrayList<>();
    try (Stream<Path> rooms = Files.list(ROOT.resolve("storage-engine"))) {
      for (Path room : Stream.concat(rooms, Stream.of(ROOT.resolve("dist"))).sorted().toList()) {
        Path sources = room.resolve("src").resolve(kind).resolve("java");
        if (Files.exists(sources)) {
          try (Stream<Path> tree = Files.walk(sources)) {
            tree.filter(file -> file.toString().endsWith(".java")).sorted().forEach(files::add);
          }
        }
      }
    }
    return files;
  }
}
