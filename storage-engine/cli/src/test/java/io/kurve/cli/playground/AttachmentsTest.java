package io.kurve.cli.playground;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AttachmentsTest {
  @TempDir Path directory = Path.of("/");

  @Test
  void commandsAtTheSameTimeLoseNothing() throws Exception {
    Path file = directory.resolve("attachments");
    new Attachments(file).put("old", "host-1");
    List<Future<?>> commands = new ArrayList<>();
    try (ExecutorService executor = Executors.newFixedThreadPool(8)) {
      for (int i = 0; i < 40; i++) {
        String volume = "v" + i;
        commands.add(
            executor.submit(() -> {
              new Attachments(file).put(volume, "host-1");
              return true;
            }));
      }
      commands.add(
          executor.submit(() -> {
            new Attachments(file).remove("old");
            return true;
          }));
      for (Future<?> command : commands) {
        assertThat(command.get(20, TimeUnit.SECONDS)).isEqualTo(true);
      }
    }
    assertThat(new Attachments(file).read()).hasSize(40).doesNotContainKey("old");
  }
}
