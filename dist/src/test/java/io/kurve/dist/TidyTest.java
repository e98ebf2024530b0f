package io.kurve.dist;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What no compiler sees: the house rules on the source tree. */
final class TidyTest {
  private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
  private static final int LONGEST_FILE_LINES = 800;
  private static final Pattern UNFINISHED = Pattern.compile("\\b(TODO|FIXME|XXX)\\b");
  private static final Pattern SLEEP = Pattern.compile("\\.sleep\\(|[dD]elayedExecutor\\(");
  private static final Pattern PAUSE = Pattern.compile("\\bpark(Nanos|Until)?\\(");

  private static final Pattern BARE_COMMAND =
      Pattern.compile(
          "\"[^\"]*(?<![`./\\w-])kurve (playground|volume(?!-host)|disk|cluster|store|bench)\\b");

  /** They look at a condition again and again, or measure; all others wait through them. */
  private static final Set<String> PAUSING =
      Set.of("Deadline.java", "LogRotationTest.java", "StallWatch.java");

  private static final Pattern SKIP =
      Pattern.compile(
          "@Disabled|@Enabled(If|On|For)|\\bassum(e|ing)(That|True|False|NotNull|NoException)?\\(|\\bAssumptions\\b"
              + "|TestAbortedException");

  private static final Pattern MOCK = Pattern.compile("(?i)mockito|easymock|@Mock\\b|\\bmock\\(");

  /** What shows how Kurve must behave runs in ./check, always. */
  private static final Set<String> ALWAYS =
      Set.of(
          "DamageIT",
          "DocumentedCommandsTest",
          "FailureIT",
          "GoldenFilesTest",
          "MemoryPressureIT",
          "PlantedBugsTest",
          "PlaygroundIT",
          "SimulationTest",
          "StartIT",
          "UseIT");

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

  /** So that a command line can show them as they are to be typed where it runs. */
  @Test
  void commandsInTextsAreInBackquotes() throws IOException {
    refuse("main", BARE_COMMAND);
  }

  @Test
  void testsWaitForConditionsNotForTime() throws IOException {
    refuse("test", SLEEP);
    for (Path file : javaFiles("test")) {
      if (!PAUSING.contains(file.getFileName().toString())) {
        refuse(file, PAUSE);
      }
    }
  }

  @Test
  void testsAreNeitherSkippedNorMocked() throws IOException {
    refuse("test", SKIP);
    refuse("test", MOCK);
  }

  @Test
  void whatKurveIsJudgedByIsNeverLeftOut() throws IOException {
    assertThat(Files.readString(ROOT.resolve("pom.xml")))
        .contains("<excludedGroups>long</excludedGroups>");
    List<String> found = new ArrayList<>();
    for (Path file : javaFiles("test")) {
      String name = file.getFileName().toString().replace(".java", "");
      if (ALWAYS.contains(name)) {
        found.add(name);
        assertThat(Files.readString(file)).as(name).doesNotContain("@Tag(\"long\")");
      }
    }
    assertThat(found).containsExactlyInAnyOrderElementsOf(ALWAYS);
  }

  private static void refuse(String kind, Pattern pattern) throws IOException {
    for (Path file : javaFiles(kind)) {
      refuse(file, pattern);
    }
  }

  private static void refuse(Path file, Pattern pattern) throws IOException {
    if (!file.endsWith("TidyTest.java")) {
      assertThat(pattern.matcher(Files.readString(file)).results().map(MatchResult::group))
          .as(file.toString())
          .isEmpty();
    }
  }

  /** Libraries, plug-ins, and what plug-ins fetch. */
  @Test
  void everyDependencyHasItsReason() throws IOException {
    String reasons = Files.readString(ROOT.resolve("docs/DEPENDENCIES.md"));
    Pattern artifact =
        Pattern.compile(
            "<(?:dependency|plugin|extension|path)>\\s*(?:<groupId>(?<group>[^<]+)</groupId>\\s*)?"
                + "<artifactId>(?<name>[^<]+)<"
                + "|Artifact>(?<fetched>[^:<]+:[^:<]+):"
                + "|<(?<layout>googleJavaFormat)>");
    Set<String> named = new TreeSet<>();
    try (Stream<Path> poms = Files.find(ROOT, 3, (path, _) -> path.endsWith("pom.xml"))) {
      for (Path pom : poms.toList()) {
        artifact
            .matcher(Files.readString(pom))
            .results()
            .filter(found -> !"io.kurve".equals(found.group("group")))
            .forEach(found -> named.add(nameOf(found)));
      }
    }
    assertThat(named).contains("jraft-core", "protoc", "os-maven-plugin", "google-java-format");
    assertThat(named)
        .as("in docs/DEPENDENCIES.md")
        .allSatisfy(name ->
            assertThat(
                    Pattern.compile("(?m)^\\|[^|]*\\b" + name + "\\b[^|]*\\|")
                        .matcher(reasons)
                        .find())
                .as(name)
                .isTrue());
  }

  private static String nameOf(MatchResult found) {
    if (found.group("layout") != null) {
      return "google-java-format";
    }
    String fetched = found.group("fetched");
    return fetched == null ? found.group("name") : fetched.substring(fetched.indexOf(':') + 1);
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
