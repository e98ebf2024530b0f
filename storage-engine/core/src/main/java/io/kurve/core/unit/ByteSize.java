package io.kurve.core.unit;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A number of bytes as people write it: {@code 64MiB}, {@code 1GiB}, {@code 4096}. */
public record ByteSize(long bytes) {
  private static final Pattern TEXT =
      Pattern.compile("([0-9]{1,18})\\s*(B|KiB|MiB|GiB|TiB|K|M|G|T)?");

  private static final String[] UNITS = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};

  public ByteSize {
    if (bytes < 0) {
      throw new IllegalArgumentException("a size can't be negative: " + bytes);
    }
  }

  /**
   * K, M, G and T are powers of 1024 too, with or without {@code iB}.
   *
   * @throws IllegalArgumentException with the text and the accepted forms when it is none of them
   */
  public static ByteSize parse(String text) {
    Matcher matcher = TEXT.matcher(text.strip());
    if (!matcher.matches()) {
      throw new IllegalArgumentException(
          "'" + text + "' is not a size: write a whole number and a unit, such as 64MiB or 1GiB");
    }
    long number = Long.parseLong(matcher.group(1));
    String unit = matcher.group(2) == null ? "B" : matcher.group(2);
    int shift = "BKMGT".indexOf(unit.charAt(0)) * 10;
    if (number > Long.MAX_VALUE >> shift) {
      throw new IllegalArgumentException("'" + text + "' is more than 8 EiB");
    }
    return new ByteSize(number << shift);
  }

  public boolean isMultipleOf(long granuleBytes) {
    return bytes % granuleBytes == 0;
  }

  /** The next multiple of the granule, itself included. */
  public ByteSize roundUpTo(long granuleBytes) {
    return new ByteSize(Math.multiplyExact(Math.ceilDiv(bytes, granuleBytes), granuleBytes));
  }

  /** {@code 1.5 GiB}: for people; programs get the bytes. */
  public String toHuman() {
    double value = bytes;
    int unit = 0;
    while (value >= 1024 && unit < UNITS.length - 1) {
      value /= 1024;
      unit++;
    }
    return value == Math.rint(value)
        ? String.format(Locale.ROOT, "%.0f %s", value, UNITS[unit])
        : String.format(Locale.ROOT, "%.1f %s", value, UNITS[unit]);
  }

  /** {@code 1536 MiB}: in the largest unit of which it is a whole number. */
  public String toExact() {
    return exact(" ");
  }

  /** {@code 1536MiB}: as one writes it on a command line. */
  public String toArgument() {
    return exact("");
  }

  private String exact(String space) {
    int unit = bytes == 0 ? 0 : Math.min(Long.numberOfTrailingZeros(bytes) / 10, 4);
    return (bytes >> (10 * unit)) + space + UNITS[unit];
  }

  @Override
  public String toString() {
    return toHuman();
  }
}
