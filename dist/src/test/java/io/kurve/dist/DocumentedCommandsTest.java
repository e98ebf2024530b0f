package io.kurve.dist;

import static org.assertj.core.api.Assertions.assertThat;

import io.kurve.cli.KurveCli;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Every command in the documents exists with the options that it is shown with, and the process
 * tests run it.
 */
final class DocumentedCommandsTest {
  private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
  private static final Path PROCESS_TESTS = Path.of("src/test/java/io/kurve/dist/process");
  private static final Set<String> SERVERS = Set.of("mds", "chunkserver", "volume-host", "keeper");

  /** Named as missing, or no command at all. */
  private static final Pattern NOT_YET =
      Pattern.compile("recover|copyset recover|[^a-z].*|.* proof 1");

  private static final Pattern FENCED = Pattern.compile("(?ms)^```[a-z]*\\n(.*?)^```");
  private static final Pattern INLINE = Pattern.compile("`(?:\\./)?kurve ([^`]+)`");
  private static final Pattern KURVE = Pattern.compile("(?:\\./)?kurve ([a-z].*)");
  private static final Pattern OPTION = Pattern.compile("--[a-z][a-z-]*");

  private static List<Path> documents() throws IOException {
    try (Stream<Path> docs = Files.list(ROOT.resolve("docs"))) {
      return Stream.concat(Stream.of("README.md", "CONTRIBUTING.md").map(ROOT::resolve), docs)
          .filter(file -> file.toString().endsWith(".md"))
          .sorted()
          .toList();
    }
  }

  /** Lines that go on in the next one are joined, comments are cut off. */
  private static List<String> fencedCommands(String document) {
    List<String> commands = new ArrayList<>();
    Matcher block = FENCED.matcher(document);
    while (block.find()) {
      String joined = block.group(1).replaceAll("\\n {4,}", " ");
      for (String line : joined.split("\n")) {
        for (String command : line.replaceAll("\\s+#.*", "").split("&&")) {
          commands.add(command.strip());
        }
      }
    }
    return commands;
  }

  /** What comes after "kurve", in fences and between the lines. */
  private static Set<String> kurveCommands() throws IOException {
    Set<String> commands = new TreeSet<>();
    for (Path file : documents()) {
      String document = Files.readString(file);
      for (String command : fencedCommands(document)) {
        Matcher kurve = KURVE.matcher(command);
        if (kurve.matches()) {
          commands.add(kurve.group(1));
        }
      }
      Matcher inline = INLINE.matcher(document);
      while (inline.find()) {
        commands.add(inline.group(1).replace('\n', ' '));
      }
    }
    commands.removeIf(command -> NOT_YET.matcher(command).matches());
    return commands;
  }

  @Test
  void theyAreFoundAtAll() throws IOException {
    assertThat(kurveCommands())
        .contains("playground", "cluster status", "store check PATH")
        .anyMatch(command -> command.startsWith("bench machine"))
        .anyMatch(command -> command.startsWith("mds --data-dir"));
  }

  @Test
  void eachIsUnderstood() throws Exception {
    for (String command : kurveCommands()) {
      List<String> words = List.of(command.split("\\s+"));
      String help =
          SERVERS.contains(words.getFirst()) ? said(words.getFirst(), "--help") : help(words);
      assertThat(help.lines().filter(line -> line.contains(usage(words))))
          .as("help of `kurve %s`", command)
          .isNotEmpty();
      Matcher option = OPTION.matcher(command);
      while (option.find()) {
        assertThat(help).as("help of what `kurve %s` runs", command).contains(option.group());
      }
    }
  }

  private static String usage(List<String> words) {
    return "kurve " + String.join(" ", path(words)) + " ";
  }

  @Test
  void oneThatDoesNotExistIsNotTakenForOne() {
    List<String> words = List.of("volume", "paint");
    assertThat(help(words)).doesNotContain(usage(words));
  }

  private static String help(List<String> words) {
    List<String> arguments = new ArrayList<>(path(words));
    arguments.add("--help");
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    PrintStream before = System.out;
    System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
    try {
      assertThat(KurveCli.run(arguments.toArray(String[]::new)))
          .as("kurve " + String.join(" ", arguments))
          .isZero();
    } finally {
      System.setOut(before);
    }
    return out.toString(StandardCharsets.UTF_8);
  }

  private static String said(String... arguments) throws Exception {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    PrintStream before = System.out;
    System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
    try {
      Kurve.main(arguments);
    } finally {
      System.setOut(before);
    }
    return out.toString(StandardCharsets.UTF_8);
  }

  /** The words that choose the command: those before options, names and paths. */
  private static List<String> path(List<String> words) {
    return words.stream().takeWhile(word -> word.matches("[a-z][a-z-]*")).toList();
  }

  @Test
  void eachIsRunByAProcessTest() throws IOException {
    String tests = processTests();
    for (String command : kurveCommands()) {
      List<String> path = path(List.of(command.split("\\s+")));
      if (path.size() != 1 || !SERVERS.contains(path.getFirst())) {
        // As arguments of a call; the playground starts the other servers.
        assertThat(tests.contains("\"" + String.join("\", \"", path) + "\""))
            .as("a process test that runs `kurve %s`", String.join(" ", path))
            .isTrue();
      }
    }
    for (Path file : documents()) {
      for (String command : fencedCommands(Files.readString(file))) {
        String program = command.split(" ", 2)[0];
        if (program.matches("mkfs\\.\\S+|mount|umount|fio|resize2fs|xfs_growfs")) {
          assertThat(tests.contains("\"" + program + "\""))
              .as("a process test that runs " + program)
              .isTrue();
        }
      }
    }
  }

  private static String processTests() throws IOException {
    StringBuilder all = new StringBuilder();
    try (Stream<Path> files = Files.list(PROCESS_TESTS)) {
      for (Path file : files.sorted().toList()) {
        all.append(Files.readString(file).replaceAll("\",\\s+\"", "\", \""));
      }
    }
    return all.toString();
  }
}
