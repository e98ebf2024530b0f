package io.kurve.blockdev.fuse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kurve.blockdev.posix.Posix;
import io.kurve.core.failure.KurveException;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

class FlightTableTest {
  private final MemorySegment memory = Arena.ofAuto().allocate(FlightTable.BYTES, 8);
  private final FlightTable table = FlightTable.fresh(memory);

  @Test
  void rule13AnUnansweredChangeIsFoundWithItsNumberAndKeepsItsPlace() {
    FlightTable.Change first = table.change(1000);
    first.takes(1);
    table.reads().takes(2);
    FlightTable.Change second = table.change(1001);
    second.takes(3);
    second.takes(4); // a spare one
    first.answered();

    FlightTable next = FlightTable.left(memory);
    assertThat(next.highest()).isEqualTo(4);
    assertThat(next.unanswered()).containsExactly(3L);
    FlightTable.Change again = next.change(1001);
    assertThat(again.earlierNumber()).isEqualTo(3);
    assertThat(next.change(1002).earlierNumber()).isZero();

    FlightTable third = FlightTable.left(memory);
    assertThat(third.unanswered()).as("killed again").containsExactly(3L);
    again.answered();
    assertThat(again.isOver()).isTrue();
    assertThat(FlightTable.left(memory).unanswered()).isEmpty();
  }

  @Test
  void rule13WhatDoesNotComeAgainWasAnswered() {
    table.change(1000).takes(1);
    table.change(1001).takes(2);
    FlightTable next = FlightTable.left(memory);
    FlightTable.Change again = next.change(1001);
    next.allAskedAgain();
    assertThat(FlightTable.left(memory).unanswered()).containsExactly(again.earlierNumber());
  }

  @Test
  void aChangeThatWasNeverSentTakesNoPlace() {
    for (int i = 0; i < 10 * FlightTable.SLOTS; i++) {
      table.change(1 + i).answered();
      FlightTable.Change sent = table.change(100_000 + i);
      sent.takes(1 + i);
      sent.answered();
    }
    assertThat(FlightTable.left(memory).unanswered()).isEmpty();
  }

  @Test
  void theFirstVersionIsReadAndWrittenByteForByte() throws IOException {
    table.change(0x1122).takes(5);
    table.change(0x3344).takes(6);
    table.reads().takes(9);
    table.idle(true);
    byte[] golden = golden();
    assertThat(memory.asSlice(0, golden.length).toArray(ValueLayout.JAVA_BYTE)).isEqualTo(golden);
    MemorySegment left = Arena.ofAuto().allocate(FlightTable.BYTES, 8);
    left.copyFrom(MemorySegment.ofArray(golden));
    FlightTable read = FlightTable.left(left);
    assertThat(read.unanswered()).containsExactly(5L, 6L);
    assertThat(read.highest()).isEqualTo(9);
    assertThat(read.wasIdle()).isTrue();
  }

  @Test
  void aNewerVersionIsRefused() {
    memory.set(ValueLayout.JAVA_INT, 8, 2);
    assertThatThrownBy(() -> FlightTable.left(memory))
        .isInstanceOf(KurveException.class)
        .hasMessageContaining("version 2");
  }

  @Test
  void whatIsStoredIsSeenThroughAnotherMappingOfTheSameFile() throws IOException {
    Posix posix = new Posix();
    int file = posix.memoryFile("kurve-test", FlightTable.BYTES);
    FlightTable written = FlightTable.map(posix, file, false);
    int renumbered = posix.renumber(file, 100);
    written.change(7).takes(8);
    assertThat(FlightTable.map(posix, renumbered, true).unanswered()).containsExactly(8L);
    posix.close(renumbered);
  }

  private static byte[] golden() throws IOException {
    try (InputStream file =
        FlightTableTest.class.getResourceAsStream("/golden/flight-table-v1.hex")) {
      assertThat(file).isNotNull();
      return HexFormat.of()
          .parseHex(new String(file.readAllBytes(), StandardCharsets.US_ASCII).strip());
    }
  }
}
