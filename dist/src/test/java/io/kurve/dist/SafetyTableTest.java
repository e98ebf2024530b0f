package io.kurve.dist;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What the documents say of classes and tests is compared with the sources. */
final class SafetyTableTest {
  private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();

  private static final Pattern ROW =
      Pattern.compile("\\| (?<rule>\\d+) [^|]*\\|(?<what>[^|]*)\\|(?<how>[^|]*)\\|(?<by>[^|]*)\\|");

  /** {@code Class.rule02…}, with a number behind it if there is more than one. */
  private static final Pattern SHOWN =
      Pattern.compile(
          "`(?<type>[A-Z]\\w+)\\.(?<prefix>rule\\w+)…`(?: \\((?<count>\\d+)(?=[,:)]))?");

  private static final Pattern NAMED =
      Pattern.compile("`(?<type>[A-Z]\\w+)(?:\\.(?<member>\\w+))?");
  private static final Pattern RULE_TEST = Pattern.compile("void (?<name>rule\\d\\w*)\\(");

  private static final Pattern ADR_TEST =
      Pattern.compile("`(?<type>[A-Z]\\w*(?:Test|IT|Contract))(?:\\.(?<member>\\w+))?");

  private static final Map<String, String> SOURCES = sources();

  @Test
  void eachTestThatTheRulesNameIsThereAndCounted() throws IOException {
    List<String> wrong = new ArrayList<>();
    for (MatchResult row : rows()) {
      for (MatchResult shown : SHOWN.matcher(row.group("by")).results().toList()) {
        String prefix = shown.group("prefix");
        long there = ruleTests(shown.group("type")).filter(name -> name.startsWith(prefix)).count();
        long said = shown.group("count") == null ? 1 : Long.parseLong(shown.group("count"));
        if (there != said) {
          wrong.add("rule %s: %s has %d".formatted(row.group("rule"), shown.group(), there));
        }
      }
    }
    assertThat(wrong).isEmpty();
  }

  @Test
  void eachTestOfARuleIsInItsRow() throws IOException {
    List<String> missing = new ArrayList<>();
    String table = Files.readString(ROOT.resolve("docs/SAFETY.md"));
    for (String type : SOURCES.keySet()) {
      ruleTests(type)
          .filter(name ->
              SHOWN
                  .matcher(table)
                  .results()
                  .noneMatch(shown ->
                      shown.group("type").equals(type) && name.startsWith(shown.group("prefix"))))
          .forEach(name -> missing.add(type + "." + name));
    }
    assertThat(missing).isEmpty();
  }

  /** Else ./check would not show it. */
  @Test
  void eachRuleIsShownByMoreThanTestsThatTakeLong() throws IOException {
    for (MatchResult row : rows()) {
      assertThat(
              SHOWN
                  .matcher(row.group("by"))
                  .results()
                  .map(shown -> shown.group("type"))
                  .filter(type -> !SOURCES.getOrDefault(type, "").contains("@Tag(\"long\")")))
          .as("rule " + row.group("rule"))
          .hasSizeGreaterThan(row.group("rule").equals("10") ? -1 : 0);
    }
  }

  @Test
  void whatTheRulesNameIsThere() throws IOException {
    for (MatchResult row : rows()) {
      assertThat(
              Stream.of(row.group("how"), row.group("by"))
                  .flatMap(text -> missing(NAMED, text).stream()))
          .as("rule " + row.group("rule"))
          .isEmpty();
    }
  }

  @Test
  void eachDecisionNamesATestThatIsThere() throws IOException {
    for (Path page : decisions()) {
      String text = Files.readString(page);
      assertThat(ADR_TEST.matcher(text).results()).as(page + " names a test").isNotEmpty();
      assertThat(missing(ADR_TEST, text)).as(page.toString()).isEmpty();
    }
  }

  @Test
  void eachDecisionIsInTheList() throws IOException {
    String list = Files.readString(ROOT.resolve("docs/adr/README.md"));
    for (Path page : decisions()) {
      assertThat(list).contains("](" + page.getFileName() + ")");
    }
  }

  private static List<Path> decisions() throws IOException {
    try (Stream<Path> pages = Files.list(ROOT.resolve("docs/adr"))) {
      return pages.filter(page -> !page.endsWith("README.md")).sorted().toList();
    }
  }

  private static List<MatchResult> rows() throws IOException {
    List<MatchResult> rows =
        ROW.matcher(Files.readString(ROOT.resolve("docs/SAFETY.md"))).results().toList();
    assertThat(rows).hasSize(30);
    return rows;
  }

  private Stream<String> ruleTests(String type) {
    return RULE_TEST
        .matcher(SOURCES.getOrDefault(type, ""))
        .results()
        .map(found -> found.group("name"));
  }

  /** Types of no source file, nor inside of one, and members of which a type's file has no word. */
  private List<String> missing(Pattern named, String text) {
    List<String> missing = new ArrayList<>();
    for (MatchResult name : named.matcher(text).results().toList()) {
      String member = name.group("member");
      String source = SOURCES.getOrDefault(name.group("type"), within(name.group("type")));
      String prefix = member == null ? "" : member;
      if (source.isEmpty() || !Pattern.compile("\\b" + prefix).matcher(source).find()) {
        missing.add(name.group());
      }
    }
    return missing;
  }

  private String within(String type) {
    Pattern declared = Pattern.compile("\\b(class|record|enum|interface) " + type + "\\b");
    return SOURCES.values().stream()
        .filter(source -> declared.matcher(source).find())
        .findFirst()
        .orElse("");
  }

  /** By the name of the type; two of one name count as one. */
  private static Map<String, String> sources() {
    Map<String, String> sources = new TreeMap<>();
    try (Stream<Path> rooms = Files.list(ROOT.resolve("storage-engine"))) {
      for (Path file :
          Stream.concat(rooms, Stream.of(ROOT.resolve("dist")))
              .flatMap(SafetyTableTest::java)
              .toList()) {
        String name = file.getFileName().toString();
        sources.merge(
            name.substring(0, name.length() - ".java".length()),
            Files.readString(file),
            String::concat);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return sources;
  }

  private static Stream<Path> java(Path room) {
    Path folder = room.resolve("src");
    if (Files.notExists(folder)) {
      return Stream.empty();
    }
    try (Stream<Path> tree = Files.walk(folder)) {
      return tree.filter(file -> file.toString().endsWith(".java")).toList().stream();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
