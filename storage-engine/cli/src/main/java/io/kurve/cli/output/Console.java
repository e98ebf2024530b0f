package io.kurve.cli.output;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.datatype.jdk8.Jdk8Module;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.ExitCode;
import io.kurve.core.failure.KurveException;
import java.io.PrintStream;
import java.util.function.Supplier;

/**
 * The two streams. The result goes to standard output, once: as text for people or as one JSON
 * object, which is the error's when there is no result. All else, progress above all, goes to
 * standard error. Commands in texts are completed here, and nowhere else.
 */
public final class Console {
  private final PrintStream out;
  private final PrintStream err;
  private final ObjectMapper json =
      new ObjectMapper()
          .registerModule(new Jdk8Module())
          .registerModule(new JavaTimeModule())
          .disable(SerializationFeature.WRITE_DATES_AS_TIMESTAMPS)
          .setPropertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE);

  private volatile ShownCommands commands = new ShownCommands("kurve");
  private boolean printed;

  record ErrorView(ErrorCode code, String text, String cure) {}

  record FailureView(ErrorView error, int exit) {}

  public Console(PrintStream out, PrintStream err) {
    this.out = out;
    this.err = err;
  }

  /** How commands are shown from now on. */
  public void show(ShownCommands shown) {
    commands = shown;
  }

  public ShownCommands commands() {
    return commands;
  }

  public void progress(String line) {
    err.println(commands.in(line));
    err.flush();
  }

  /** Records become objects with names_like_this. */
  public void result(boolean asJson, Object value, Supplier<String> text) {
    if (asJson) {
      object(value);
    } else {
      String lines = commands.in(text.get());
      out.print(lines.isEmpty() || lines.endsWith("\n") ? lines : lines + "\n");
      out.flush();
    }
    printed = true;
  }

  /**
   * One line; and one object for programs, unless they have got one.
   *
   * @return the exit code
   */
  public int failure(boolean asJson, KurveException e) {
    int exit = ExitCode.of(e.code()).number();
    progress("kurve: " + e.oneLine());
    if (asJson && !printed) {
      ErrorView error = new ErrorView(e.code(), commands.in(e.text()), commands.in(e.cure()));
      object(new FailureView(error, exit));
      printed = true;
    }
    return exit;
  }

  private void object(Object value) {
    try {
      out.println(json.writeValueAsString(value));
      out.flush();
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("can't be written as JSON: " + value, e);
    }
  }

  public PrintStream err() {
    return err;
  }

  public PrintStream out() {
    return out;
  }
}
