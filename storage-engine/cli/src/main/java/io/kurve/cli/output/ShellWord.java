package io.kurve.cli.output;

import java.util.regex.Pattern;

/** Words of commands that people copy into a shell. */
public final class ShellWord {
  private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9_@%+=:,./-]+");

  private ShellWord() {}

  /** As a shell takes it for one word: in quotes if it has more than plain letters. */
  public static String of(Object value) {
    String word = value.toString();
    return PLAIN.matcher(word).matches() ? word : "'" + word.replace("'", "'\\''") + "'";
  }
}
