package io.kurve.core.disk;

import java.nio.file.OpenOption;

/** Opens a file past the page cache. */
public final class DirectIo {
  private static final OpenOption OPTION = find();

  private DirectIo() {}

  /** Linux' O_DIRECT for {@link java.nio.channels.FileChannel}. */
  public static OpenOption option() {
    return OPTION;
  }

  // By name: javac warns of each use of the class, nothing turns that off, and warnings are errors.
  private static OpenOption find() {
    try {
      return (OpenOption)
          Class.forName("com.sun.nio.file.ExtendedOpenOption").getField("DIRECT").get(null);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }
}
