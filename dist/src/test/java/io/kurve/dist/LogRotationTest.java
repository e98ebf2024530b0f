package io.kurve.dist;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.joran.JoranConfigurator;
import ch.qos.logback.classic.util.LogbackMDCAdapter;
import ch.qos.logback.core.status.Status;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;

/** The log of a playground's server does not grow on. */
final class LogRotationTest {
  private static final long PART_BYTES = 64 << 10;

  @TempDir Path folder = Path.of("");

  @Test
  void threePartsAreKept() throws Exception {
    Path log = folder.resolve("log");
    LoggerContext context = new LoggerContext();
    context.setMDCAdapter(new LogbackMDCAdapter());
    context.putProperty("kurve.log.file", log.toString());
    context.putProperty("kurve.log.part", "64KB");
    JoranConfigurator configurator = new JoranConfigurator();
    configurator.setContext(context);
    URL file =
        Objects.requireNonNull(
            Thread.currentThread().getContextClassLoader().getResource("logback-playground.xml"));
    configurator.doConfigure(file);
    assertThat(context.getStatusManager().getCopyOfStatusList())
        .allMatch(status -> status.getLevel() < Status.WARN);
    try {
      Logger logger = context.getLogger("io.kurve.test");
      long end = System.nanoTime() + Duration.ofSeconds(20).toNanos();
      String line = "x".repeat(1000);
      // The size is looked at twice a second: so more than a part may be written in between.
      while (!Files.exists(folder.resolve("log.2")) && System.nanoTime() < end) {
        logger.info(line);
        Thread.onSpinWait();
        if (Files.size(log) > 2 * PART_BYTES) {
          LockSupport.parkNanos(1_000_000);
        }
      }
      for (int i = 0; i < 100; i++) {
        logger.info(line);
      }
    } finally {
      context.stop();
    }
    assertThat(context.getStatusManager().getCopyOfStatusList())
        .allMatch(status -> status.getLevel() < Status.WARN);
    try (Stream<Path> parts = Files.list(folder)) {
      assertThat(parts.map(part -> part.getFileName().toString()))
          .containsExactlyInAnyOrder("log", "log.1", "log.2");
    }
  }
}
