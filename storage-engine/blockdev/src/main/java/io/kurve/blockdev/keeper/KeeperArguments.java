package io.kurve.blockdev.keeper;

import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * The keeper's command line.
 *
 * @param run the volume host's
 * @param output where what the volume host prints goes
 * @param command that starts the volume host
 */
record KeeperArguments(
    Path socket, Path run, Path readyFile, Optional<Path> output, List<String> command) {
  static final String HELP =
      """
      Usage: kurve keeper --socket FILE --run-dir DIR --ready-file FILE [--output FILE] -- COMMAND...
             kurve keeper --replace --socket FILE
        --socket FILE      unix socket for the volume host: it needs `--keeper FILE`
        --run-dir DIR      the volume host's
        --ready-file FILE  written when the socket is there
        --output FILE      gets what the volume host prints
        COMMAND...         starts the volume host: kurve volume-host ...
        --replace          puts a new process, of the files as they are now, in the volume host's
                           place, under I/O; ends when it serves
      """;

  static final String REPLACE = "--replace";
  private static final Set<String> KNOWN = Set.of("socket", "run-dir", "ready-file", "output");

  static KeeperArguments parse(List<String> arguments) {
    int end = arguments.indexOf("--");
    if (end < 0 || end == arguments.size() - 1) {
      throw wrong("no command of a volume host after --");
    }
    Map<String, String> values = values(arguments.subList(0, end));
    return new KeeperArguments(
        path(values, "socket"),
        path(values, "run-dir"),
        path(values, "ready-file"),
        Optional.ofNullable(values.get("output")).map(Path::of),
        List.copyOf(arguments.subList(end + 1, arguments.size())));
  }

  /** Of a keeper that is to replace its host. */
  static Path socketOf(List<String> arguments) {
    return path(
        values(arguments.stream().filter(word -> !word.equals(REPLACE)).toList()), "socket");
  }

  private static Map<String, String> values(List<String> arguments) {
    Map<String, String> values = new TreeMap<>();
    for (int i = 0; i < arguments.size(); i += 2) {
      String word = arguments.get(i);
      String name = word.startsWith("--") ? word.substring(2) : "";
      if (!KNOWN.contains(name) || i + 1 == arguments.size()) {
        throw wrong("unknown, or without a value: " + word);
      }
      values.put(name, arguments.get(i + 1));
    }
    return values;
  }

  private static Path path(Map<String, String> values, String name) {
    String value = values.get(name);
    if (value == null) {
      throw wrong("missing: --" + name);
    }
    return Path.of(value);
  }

  private static KurveException wrong(String what) {
    return new KurveException(
        ErrorCode.INVALID_ARGUMENT,
        "the keeper's command line is wrong: " + what,
        "see `kurve keeper --help`");
  }
}
