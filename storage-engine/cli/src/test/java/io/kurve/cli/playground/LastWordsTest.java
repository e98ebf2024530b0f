package io.kurve.cli.playground;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

/** Why a server ended, out of all that it said. */
class LastWordsTest {
  private static final String INFO = "2026-11-23T09:00:00.000Z INFO  Chunkserver [main] starts";

  @Test
  void itsRefusalToStartIsIt() {
    assertThat(
            LastWords.of(
                List.of("WARNING: noise", "kurve chunkserver: the disk is away — bring it", "bye"),
                List.of(INFO, "2026-11-23T09:00:00.000Z ERROR Disk [main] something else")))
        .isEqualTo("the disk is away — bring it");
  }

  @Test
  void elseItsLastErrorWithTheException() {
    assertThat(
            LastWords.of(
                List.of("noise"),
                List.of(
                    "2026-11-23T09:00:00.000Z ERROR Mds [main] an earlier one",
                    "2026-11-23T09:00:01.000Z ERROR Mds [mds] halting: a write failed",
                    "java.io.IOException: the device said no",
                    "\tat io.kurve.X",
                    "Caused by: java.lang.Error: deeper")))
        .isEqualTo("halting: a write failed: the device said no");
  }

  @Test
  void elseWhatItPrintedLast() {
    assertThat(
            LastWords.of(
                List.of("Error: Could not find or load main class X", "\tat nowhere", ""),
                List.of(INFO)))
        .isEqualTo("Error: Could not find or load main class X");
    assertThat(LastWords.of(List.of(), List.of(INFO))).isEqualTo("it said nothing");
  }
}
