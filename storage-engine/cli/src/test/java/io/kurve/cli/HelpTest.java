package io.kurve.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.kurve.cli.command.Session;
import io.kurve.cli.output.Console;
import io.kurve.core.failure.ExitCode;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Model.ArgSpec;

/** The help of every command, as it comes to a terminal of 80 columns. */
class HelpTest {
  private static final int COLUMNS = 80;

  private static Stream<CommandLine> commands() {
    PrintStream nowhere =
        new PrintStream(new ByteArrayOutputStream(), true, StandardCharsets.UTF_8);
    return below(
        KurveCli.commandLine(new Session(new Console(nowhere, nowhere), new FakeConnections())));
  }

  private static Stream<CommandLine> below(CommandLine command) {
    return Stream.concat(
        Stream.of(command),
        command.getSubcommands().values().stream().distinct().flatMap(HelpTest::below));
  }

  @Test
  void noLineIsLongerThanTheTerminal() {
    assertThat(commands())
        .allSatisfy(command ->
            assertThat(command.getUsageMessage(Ansi.OFF).lines())
                .allSatisfy(line -> assertThat(line).hasSizeLessThanOrEqualTo(COLUMNS)));
  }

  /** What is broken by hand is broken again by the terminal's width. */
  @Test
  void linesAreBrokenInOnePlace() {
    assertThat(commands())
        .allSatisfy(command -> {
          var spec = command.getCommandSpec();
          assertThat(Stream.concat(spec.options().stream(), spec.positionalParameters().stream()))
              .allSatisfy((ArgSpec argument) ->
                  assertThat(argument.description()).hasSizeLessThanOrEqualTo(1));
          assertThat(
                  Stream.of(spec.usageMessage().description(), spec.usageMessage().footer())
                      .flatMap(Arrays::stream))
              .allSatisfy(line -> assertThat(line).matches("|.*[.…]"));
        });
  }

  @Test
  void theExitCodesAreListedWithTheirMeanings() {
    String help = commands().findFirst().orElseThrow().getUsageMessage(Ansi.OFF);
    for (ExitCode code : ExitCode.values()) {
      assertThat(help.replaceAll("\\s+", " ")).contains(" " + code.number() + " " + code.meaning());
    }
  }
}
