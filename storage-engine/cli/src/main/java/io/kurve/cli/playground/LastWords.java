package io.kurve.cli.playground;

import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/** Finds in what a server said the one line that tells why it ended. */
final class LastWords {
  /** How a server says that it won't start. */
  private static final Pattern REFUSAL = Pattern.compile("kurve [a-z-]+: (?<why>.+)");

  private static final Pattern ERROR =
      Pattern.compile("[-0-9T:.Z+]+ ERROR \\S+ \\[.*?] (?<why>.+)");
  private static final Pattern EXCEPTION =
      Pattern.compile("[a-z]+(\\.[A-Za-z0-9_$]+)+: (?<why>.+)");

  private LastWords() {}

  /**
   * @param out what it printed
   * @param log what it logged since its start
   */
  static String of(List<String> out, List<String> log) {
    return last(REFUSAL, out)
        .or(() -> error(log))
        .or(() -> last(Pattern.compile("(?<why>[^\\s].*)"), out))
        .orElse("it said nothing");
  }

  /** With the exception that the log has on the next line. */
  private static Optional<String> error(List<String> log) {
    for (int i = log.size() - 1; i >= 0; i--) {
      var error = ERROR.matcher(log.get(i));
      if (error.matches()) {
        var exception = EXCEPTION.matcher(i + 1 < log.size() ? log.get(i + 1) : "");
        return Optional.of(
            error.group("why") + (exception.matches() ? ": " + exception.group("why") : ""));
      }
    }
    return Optional.empty();
  }

  private static Optional<String> last(Pattern pattern, List<String> lines) {
    return lines.reversed().stream()
        .map(pattern::matcher)
        .filter(java.util.regex.Matcher::matches)
        .map(matcher -> matcher.group("why"))
        .findFirst();
  }
}
