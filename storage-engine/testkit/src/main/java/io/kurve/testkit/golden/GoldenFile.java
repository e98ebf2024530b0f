package io.kurve.testkit.golden;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/**
 * A file under {@code src/test/resources/golden} of the room whose test uses it: hexadecimal, 32
 * bytes a line. A file that is missing fails the test and prints what to check in.
 */
public final class GoldenFile {
  private static final int LINE_BYTES = 32;

  private final Class<?> test;
  private final String name;

  public GoldenFile(Class<?> test, String name) {
    this.test = test;
    this.name = name;
  }

  public byte[] read() {
    try (@Nullable InputStream in = test.getResourceAsStream("/golden/" + name)) {
      if (in == null) {
        throw new AssertionError("golden/" + name + " is missing");
      }
      String text = new String(in.readAllBytes(), StandardCharsets.US_ASCII);
      return HexFormat.of().parseHex(text.replaceAll("\\s", ""));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Fails when this software would write other bytes than the golden file has. */
  public void assertWrites(byte[] written) {
    if (test.getResource("/golden/" + name) == null) {
      throw new AssertionError("golden/" + name + " is missing; it would be\n" + hex(written));
    }
    assertThat(hex(written)).isEqualTo(hex(read()));
  }

  private static String hex(byte[] content) {
    StringBuilder text = new StringBuilder();
    for (int start = 0; start < content.length; start += LINE_BYTES) {
      text.append(
              HexFormat.of()
                  .formatHex(content, start, Math.min(start + LINE_BYTES, content.length)))
          .append('\n');
    }
    return text.toString();
  }
}
