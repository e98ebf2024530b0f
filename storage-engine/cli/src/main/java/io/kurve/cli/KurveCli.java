package io.kurve.cli;

import io.kurve.cli.command.BenchCommand;
import io.kurve.cli.command.ClusterCommand;
import io.kurve.cli.command.DiskCommand;
import io.kurve.cli.command.PathConverter;
import io.kurve.cli.command.PlaygroundCommand;
import io.kurve.cli.command.Session;
import io.kurve.cli.command.StoreCommand;
import io.kurve.cli.command.VolumeCommand;
import io.kurve.cli.output.Console;
import io.kurve.cli.output.ShownCommands;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.ExitCode;
import io.kurve.core.failure.KurveException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;

/** The command line: parses, runs one command, turns errors into one line and an exit code. */
public final class KurveCli {
  private static final Pattern JSON = Pattern.compile("(^| )(-o[ =]?|--output[ =])json( |$)");

  private KurveCli() {}

  @Command(
      name = "kurve",
      description = {
        "Replicated block volumes: every byte on three disks.",
        "",
        "Start with `kurve playground`: a whole cluster on this machine."
      },
      synopsisSubcommandLabel = "COMMAND",
      mixinStandardHelpOptions = true,
      version = "kurve 0.1.0",
      exitCodeListHeading = "%nExit codes:%n",
      footer = {
        "",
        "Servers: kurve mds, kurve chunkserver, kurve volume-host and kurve keeper, each with"
            + " --help.",
        "A cluster is found by --cluster FILE, by --dir D of a playground, or by this folder's"
            + " kurve.yaml."
      })
  private static final class Root {}

  /** Runs a command and gives its exit code. */
  public static int run(String[] arguments) {
    PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
    Console console = new Console(out, System.err);
    console.show(new ShownCommands(System.getProperty("kurve.command", "kurve")));
    try (Connections connections = new GrpcConnections()) {
      return commandLine(new Session(console, connections)).execute(withHelp(arguments));
    } finally {
      out.flush();
    }
  }

  /** As people type it elsewhere: {@code help volume} is {@code volume --help}. */
  static String[] withHelp(String[] arguments) {
    return arguments.length > 0 && arguments[0].equals("help")
        ? Stream.concat(Arrays.stream(arguments).skip(1), Stream.of("--help"))
            .toArray(String[]::new)
        : arguments;
  }

  static CommandLine commandLine(Session session) {
    CommandLine line =
        new CommandLine(new Root())
            .addSubcommand(new PlaygroundCommand(session))
            .addSubcommand(new VolumeCommand(session))
            .addSubcommand(new DiskCommand(session))
            .addSubcommand(new ClusterCommand(session))
            .addSubcommand(new StoreCommand(session))
            .addSubcommand(new BenchCommand(session));
    Map<String, String> codes = new LinkedHashMap<>();
    Arrays.stream(ExitCode.values())
        .forEach(code -> codes.put(" " + code.number(), code.meaning()));
    line.getCommandSpec().usageMessage().exitCodeList(codes);
    line.setCaseInsensitiveEnumValuesAllowed(true);
    line.registerConverter(Path.class, new PathConverter());
    line.setExecutionStrategy(parsed -> {
      session.console().show(shown(session.console().commands(), parsed));
      return new CommandLine.RunLast().execute(parsed);
    });
    line.setExecutionExceptionHandler(
        (e, _, parsed) -> explain(session.console(), wantsJson(parsed.originalArgs()), e));
    line.setParameterExceptionHandler(
        (e, words) -> session.console().failure(wantsJson(List.of(words)), Wording.of(e)));
    line.setErr(new PrintWriter(session.console().err(), true, StandardCharsets.UTF_8));
    line.setOut(new PrintWriter(session.console().out(), true, StandardCharsets.UTF_8));
    return line;
  }

  /** Also of words that are wrong in another place. */
  private static boolean wantsJson(List<String> words) {
    String all = String.join(" ", words).toLowerCase(Locale.ROOT);
    return JSON.matcher(all).find();
  }

  /** The cluster that was chosen by an option of the command. */
  private static ShownCommands shown(ShownCommands before, ParseResult parsed) {
    ParseResult last = parsed;
    while (last.hasSubcommand()) {
      last = last.subcommand();
    }
    for (String option : List.of("--dir", "--cluster")) {
      OptionSpec chosen = last.matchedOption(option);
      if (chosen != null) {
        return before.choosing(option, chosen.originalStringValues().getLast());
      }
    }
    return before;
  }

  private static int explain(Console console, boolean asJson, Exception e) {
    KurveException known = Wording.of(e);
    int exit = console.failure(asJson, known);
    if (known.code() == ErrorCode.INTERNAL && !(e instanceof KurveException)) {
      e.printStackTrace(console.err());
    }
    return exit;
  }
}
