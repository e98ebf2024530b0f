package io.kurve.cli.command;

import io.kurve.core.unit.TimeSpan;
import java.time.Duration;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** {@code 24h} on a command line. */
final class TimeSpanConverter implements ITypeConverter<Duration> {
  @Override
  public Duration convert(String text) {
    try {
      return TimeSpan.parse(text);
    } catch (IllegalArgumentException e) {
      throw new TypeConversionException(String.valueOf(e.getMessage()));
    }
  }
}
