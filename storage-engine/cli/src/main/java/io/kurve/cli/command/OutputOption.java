package io.kurve.cli.command;

import picocli.CommandLine.Option;

/** Text for people, or one JSON object for programs. */
public final class OutputOption {
  enum Format {
    table,
    json
  }

  @Option(
      names = {"-o", "--output"},
      defaultValue = "table",
      paramLabel = "table|json",
      description = "text for people, or one JSON object on standard output (default: table)")
  Format format = Format.table;

  boolean json() {
    return format == Format.json;
  }
}
