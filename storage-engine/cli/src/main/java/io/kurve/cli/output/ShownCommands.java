package io.kurve.cli.output;

import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Commands in texts, so that a copy of them does what is meant. Whoever writes a text, a server
 * too, writes a command as {@code `kurve volume list`}; only here it is known how Kurve was called,
 * and for which cluster.
 *
 * <pre>
 *   called as ./kurve, with --dir 'my cluster':
 *   list them with `kurve volume list`  ->  list them with `./kurve volume list --dir 'my cluster'`
 * </pre>
 *
 * @param called how this program was called
 * @param choice the option that chose the cluster of the running command, with its value; empty
 *     without one, since then the next command finds the same one
 */
public record ShownCommands(String called, String choice) {
  private static final Pattern COMMAND = Pattern.compile("`(?:\\./)?kurve ([^`]+)`");

  /** Commands for a cluster; others are for a machine, a store or a server. */
  private static final Set<String> FOR_A_CLUSTER =
      Set.of("playground", "volume", "disk", "cluster", "bench");

  private static final Set<String> CHOSEN = Set.of("--dir", "--cluster", "--help");
  private static final String FOLDER = "--dir ";

  public ShownCommands(String called) {
    this(called, "");
  }

  /**
   * @param option --dir or --cluster
   */
  public ShownCommands choosing(String option, String value) {
    return new ShownCommands(called, option + " " + ShellWord.of(value));
  }

  public String in(String text) {
    return COMMAND.matcher(text).replaceAll(found -> Matcher.quoteReplacement(completed(found)));
  }

  private String completed(MatchResult found) {
    String arguments = found.group(1).strip();
    String[] words = arguments.split("\\s+");
    boolean takesIt =
        FOR_A_CLUSTER.contains(words[0])
            && !arguments.startsWith("bench machine")
            && (choice.startsWith(FOLDER) || !words[0].equals("playground"));
    boolean lacksIt = Stream.of(words).noneMatch(CHOSEN::contains);
    String more = !choice.isEmpty() && takesIt && lacksIt ? " " + choice : "";
    return "`" + called + " " + arguments + more + "`";
  }
}
