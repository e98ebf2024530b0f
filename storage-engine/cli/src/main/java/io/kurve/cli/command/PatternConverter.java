package io.kurve.cli.command;

import io.kurve.client.bench.BenchPlan;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** {@code randwrite} on a command line. */
final class PatternConverter implements ITypeConverter<BenchPlan.Pattern> {
  private static final List<BenchPlan.Pattern> ALL = Arrays.asList(BenchPlan.Pattern.values());

  @Override
  public BenchPlan.Pattern convert(String text) {
    return ALL.stream()
        .filter(pattern -> pattern.name().equalsIgnoreCase(text))
        .findFirst()
        .orElseThrow(() ->
            new TypeConversionException(
                "'%s' is none of %s"
                    .formatted(
                        text,
                        String.join(
                            ", ",
                            ALL.stream()
                                .map(pattern -> pattern.name().toLowerCase(Locale.ROOT))
                                .toList()))));
  }
}
