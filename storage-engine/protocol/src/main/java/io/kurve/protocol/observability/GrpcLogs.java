package io.kurve.protocol.observability;

import java.util.function.Consumer;
import java.util.logging.Formatter;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;

/**
 * Brings what gRPC logs into this process's log, one line each: it says with a stack trace on the
 * standard error that a name is not known, or that somebody has sent it what is no HTTP/2.
 */
public final class GrpcLogs extends Handler {
  /** Held here: java.util.logging forgets a logger, with its handlers, that nobody holds. */
  private static final Logger GRPC = Logger.getLogger("io.grpc");

  private static final int MOST_CHARACTERS = 300;

  private final Formatter formatter = new SimpleFormatter();
  private final Consumer<String> lines;

  GrpcLogs(Level least, Consumer<String> lines) {
    this.lines = lines;
    setLevel(least);
  }

  /** For a server, whose log is all that is read. */
  public static void intoTheLog() {
    install(Level.INFO);
  }

  /** For a command, which says itself what went wrong. */
  public static void onlyFaults() {
    install(Level.SEVERE);
  }

  private static void install(Level least) {
    GRPC.setUseParentHandlers(false);
    GRPC.addHandler(new GrpcLogs(least, LoggerFactory.getLogger(GrpcLogs.class)::info));
  }

  @Override
  public void publish(@Nullable LogRecord entry) {
    if (entry != null && isLoggable(entry)) {
      lines.accept(oneLine(entry));
    }
  }

  private String oneLine(LogRecord entry) {
    StringBuilder text = new StringBuilder(formatter.formatMessage(entry));
    @Nullable Throwable cause = entry.getThrown();
    while (cause != null && cause.getCause() != null) {
      cause = cause.getCause();
    }
    if (cause != null) {
      text.append(": ").append(cause.getMessage() == null ? cause : cause.getMessage());
    }
    String line = text.toString().replaceAll("\\s+", " ");
    return line.length() <= MOST_CHARACTERS ? line : line.substring(0, MOST_CHARACTERS) + "…";
  }

  @Override
  public void flush() {}

  @Override
  public void close() {}
}
