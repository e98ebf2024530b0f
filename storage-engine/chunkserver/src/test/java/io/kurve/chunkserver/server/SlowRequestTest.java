package io.kurve.chunkserver.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.kurve.chunkserver.copyset.Samples;
import io.kurve.chunkserver.service.LogLines;
import io.kurve.core.disk.FileDisk;
import io.kurve.core.id.CopysetKey;
import io.kurve.testkit.disk.StallingDisk;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Three chunkservers whose disks all hang for a moment. */
@Timeout(120)
class SlowRequestTest {
  private static final CopysetKey COPYSET = Samples.COPYSET;
  private static final Duration MORE_THAN_SLOW = Duration.ofMillis(150);

  @TempDir private Path folder;
  private final List<StallingDisk> disks = new ArrayList<>();
  private ChunkserverWorld world;

  @BeforeEach
  void start() throws Exception {
    world = new ChunkserverWorld(folder, new FakeMds(3, Set.of(COPYSET)), "256MiB");
    for (int n = 1; n <= 3; n++) {
      world.create(n);
      world.stop(n);
      StallingDisk disk = new StallingDisk(FileDisk.open(world.disk(n)));
      disks.add(disk);
      world.start(n, disk);
    }
    world.grant(COPYSET);
    world.write(COPYSET, 1, 101, 0, Samples.filled(1, 1));
  }

  @AfterEach
  void stop() throws Exception {
    disks.forEach(StallingDisk::resume);
    world.close();
  }

  @Test
  void aWriteThatWaitsForTheDisksIsLoggedByLeaderAndFollowers() {
    try (LogLines lines = LogLines.ofSlowRequests()) {
      disks.forEach(StallingDisk::stall);
      CompletableFuture<Void> write =
          CompletableFuture.runAsync(() -> world.write(COPYSET, 2, 101, 0, Samples.filled(1, 2)));
      long begin = System.nanoTime();
      ChunkserverWorld.await(
          "the disks hang long enough",
          () ->
              disks.stream().allMatch(StallingDisk::isHanging)
                  && System.nanoTime() - begin > MORE_THAN_SLOW.toNanos());
      long hanging = System.nanoTime();
      ChunkserverWorld.await(
          "that long", () -> System.nanoTime() - hanging > MORE_THAN_SLOW.toNanos());
      disks.forEach(StallingDisk::resume);
      write.join();
      ChunkserverWorld.await(
          "lines of both followers", () -> linesWithId(lines, "to become durable").size() == 2);
      assertThat(linesWithId(lines, "done after")).hasSize(1);
    }
  }

  private static List<String> linesWithId(LogLines lines, String what) {
    return lines.all().stream()
        .filter(line -> line.contains(" 10.2.0 ") && line.contains(what))
        .toList();
  }
}
