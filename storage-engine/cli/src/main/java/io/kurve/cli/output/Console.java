package io.kurve.cli.output;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.datatype.jdk8.Jdk8Module;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import java.io.PrintStream;
import java.util.function.Supplier;

/**
 * The two streams. The result goes to standard output, once: as text for people or as one JSON
 * object. All else, progress above all, goes to standard error.
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

  public Console(PrintStream out, PrintStream err) {
    this.out = out;
    this.err = err;
  }

  public void progress(String line) {
    err.println(line);
    err.flush();
  }

  /** Records become objects with names_like_this. */
  public void result(boolean asJson, Object value, Supplier<String> text) {
    if (asJson) {
      try {
        out.println(json.writeValueAsString(value));
      } catch (JsonProcessingException e) {
        throw new IllegalStateException("can't be written as JSON: " + value, e);
      }
    } else {
      String lines = text.get();
      out.print(lines.isEmpty() || lines.endsWith("\n") ? lines : lines + "\n");
    }
    out.flush();
  }

  public PrintStream err() {
    return err;
  }

  public PrintStream out() {
    return out;
  }
}
