package io.kurve.core.unit;

import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Lengths of time as people write them: {@code 24h}, {@code 30m}, {@code 7d}, {@code 0}. */
public final class TimeSpan {
  private static final Pattern TEXT = Pattern.compile("([0-9]{1,9})\\s*(ms|s|m|h|d)?");

  private TimeSpan() {}

  /**
   * @throws IllegalArgumentException with the text and the accepted forms when it is none of them
   */
  public static Duration parse(String text) {
    Matcher matcher = TEXT.matcher(text.strip());
    if (matcher.matches()) {
      long number = Long.parseLong(matcher.group(1));
      String unit = matcher.group(2);
      if (unit != null) {
        return switch (unit) {
          case "ms" -> Duration.ofMillis(number);
          case "s" -> Duration.ofSeconds(number);
          case "m" -> Duration.ofMinutes(number);
          case "h" -> Duration.ofHours(number);
          case "d" -> Duration.ofDays(number);
          default -> throw new IllegalStateException("the pattern let " + unit + " through");
        };
      }
      if (number == 0) {
        return Duration.ZERO;
      }
    }
    throw new IllegalArgumentException(
        "'"
            + text
            + "' is not a length of time: write a whole number and a unit, such as 30s, 15m,"
            + " 24h or 7d, or 0");
  }

  /** {@code 23h 59m}: its two largest units, the rest cut off. */
  public static String toHuman(Duration span) {
    if (span.toDays() > 0) {
      return twoUnits(span.toDays(), "d", span.toHoursPart(), "h");
    }
    if (span.toHours() > 0) {
      return twoUnits(span.toHours(), "h", span.toMinutesPart(), "m");
    }
    if (span.toMinutes() > 0) {
      return twoUnits(span.toMinutes(), "m", span.toSecondsPart(), "s");
    }
    return span.toSeconds() + "s";
  }

  private static String twoUnits(long first, String firstUnit, int second, String secondUnit) {
    return first + firstUnit + (second == 0 ? "" : " " + second + secondUnit);
  }
}
