package io.kurve.cli;

import io.kurve.cli.command.BenchCommand;
import io.kurve.cli.command.ClusterCommand;
import io.kurve.cli.command.DiskCommand;
import io.kurve.cli.command.PlaygroundCommand;
import io.kurve.cli.command.Session;
import io.kurve.cli.command.StoreCommand;
import io.kurve.cli.command.VolumeCommand;
import io.kurve.cli.output.Console;
import io.kurve.core.failure.ExitCode;
import io.kurve.core.failure.KurveException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** The command line: parses, runs one command, turns errors into one line and an exit code. */
public final class KurveCli {
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
    line.setExecutionExceptionHandler((e, _, _) -> explain(session.console(), e));
    line.setParameterExceptionHandler((e, _) -> explain(session.console(), e));
    line.setErr(new PrintWriter(session.console().err(), true, StandardCharsets.UTF_8));
    line.setOut(new PrintWriter(session.console().out(), true, StandardCharsets.UTF_8));
    return line;
  }

  private static int explain(Console console, ParameterException e) {
    console.progress(
        "kurve: %s — %ssee `%s --help`"
            .formatted(
                String.valueOf(e.getMessage()).replace('\n', ' '),
                suggestion(e),
                e.getCommandLine().getCommandSpec().qualifiedName()));
    return ExitCode.USAGE.number();
  }

  /** For a word that is almost a command or an option: the library finds a nearest one for any. */
  private static String suggestion(ParameterException e) {
    return e instanceof UnmatchedArgumentException unmatched
        ? unmatched.getSuggestions().stream()
            .findFirst()
            .filter(nearest -> commonLetters(unmatched.getUnmatched().getFirst(), nearest) >= 3)
            .map(nearest -> "did you mean '" + nearest + "'? ")
            .orElse("")
        : "";
  }

  /** At the beginning and at the end. */
  private static int commonLetters(String one, String other) {
    int shorter = Math.min(one.length(), other.length());
    int begin = 0;
    while (begin < shorter && one.charAt(begin) == other.charAt(begin)) {
      begin++;
    }
    int end = 0;
    while (end < shorter - begin
        && one.charAt(one.length() - 1 - end) == other.charAt(other.length() - 1 - end)) {
      end++;
    }
    return begin + end;
  }

  private static int explain(Console console, Exception e) {
    if (e instanceof KurveException known) {
      console.progress("kurve: " + known.oneLine());
      return ExitCode.of(known.code()).number();
    }
    if (e instanceof AccessDeniedException denied) {
      console.progress(
          "kurve: no permission for " + denied.getFile() + "; run this as its owner, or as root");
      return ExitCode.UNSUPPORTED.number();
    }
    console.progress("kurve: a fault in Kurve itself: " + e);
    e.printStackTrace(console.err());
    return ExitCode.INTERNAL.number();
  }
}
