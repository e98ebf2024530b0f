package io.kurve.cli;

import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import java.nio.file.AccessDeniedException;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** What is said of everything that can end a command: code, cause and cure. */
final class Wording {
  private Wording() {}

  static KurveException of(Exception e) {
    return switch (e) {
      case KurveException known -> known;
      case AccessDeniedException denied ->
          new KurveException(
              ErrorCode.UNSUPPORTED,
              "no permission for " + denied.getFile(),
              "run this as its owner, or as root",
              denied);
      default -> new KurveException(ErrorCode.INTERNAL, "a fault in Kurve itself: " + e, "", e);
    };
  }

  static KurveException of(ParameterException e) {
    return new KurveException(
        ErrorCode.INVALID_ARGUMENT,
        text(e),
        "%ssee `%s --help`"
            .formatted(suggestion(e), e.getCommandLine().getCommandSpec().qualifiedName()),
        e);
  }

  private static String text(ParameterException e) {
    if (e instanceof UnmatchedArgumentException unmatched && !unmatched.isUnknownOption()) {
      String word = unmatched.getUnmatched().getFirst();
      return e.getCommandLine().getSubcommands().isEmpty()
          ? "there is no place for '" + word + "'"
          : "there is no command '" + word + "'";
    }
    return String.valueOf(e.getMessage()).replace('\n', ' ');
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
}
