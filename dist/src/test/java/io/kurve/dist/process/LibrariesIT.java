package io.kurve.dist.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What the servers load: all jars of one folder. */
final class LibrariesIT {
  /** A jar of an earlier build would be loaded beside, or before, the one that replaced it. */
  @Test
  void theFolderHasNothingThatThisBuildDoesNotUse() throws IOException {
    List<String> used =
        Stream.of(System.getProperty("java.class.path").split(File.pathSeparator))
            .map(entry -> Path.of(entry).getFileName().toString())
            .toList();
    try (Stream<Path> jars = Files.list(Path.of("target/kurve/lib"))) {
      assertThat(jars.map(jar -> jar.getFileName().toString()))
          .hasSizeGreaterThan(30)
          .allMatch(used::contains);
    }
  }
}
