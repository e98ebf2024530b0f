package io.kurve.protocol.observability;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import org.junit.jupiter.api.Test;

class GrpcLogsTest {
  private final List<String> lines = new ArrayList<>();

  private static LogRecord entry(Level level, String text) {
    LogRecord entry = new LogRecord(level, text);
    entry.setThrown(
        new IllegalStateException("outer", new IOException("HTTP/2 preface missing.\nBytes: 00")));
    return entry;
  }

  @Test
  void aTraceBecomesOneLineWithItsRootCause() {
    GrpcLogs logs = new GrpcLogs(Level.INFO, lines::add);
    logs.publish(entry(Level.INFO, "Transport failed"));
    logs.publish(entry(Level.FINE, "noise"));
    logs.publish(entry(Level.WARNING, "x".repeat(1000)));
    assertThat(lines).hasSize(2);
    assertThat(lines.getFirst()).isEqualTo("Transport failed: HTTP/2 preface missing. Bytes: 00");
    assertThat(lines.getLast()).hasSizeLessThan(310);
  }

  @Test
  void aCommandHearsOfFaultsOnly() {
    GrpcLogs logs = new GrpcLogs(Level.SEVERE, lines::add);
    logs.publish(entry(Level.WARNING, "Failed to resolve name"));
    assertThat(lines).isEmpty();
  }
}
