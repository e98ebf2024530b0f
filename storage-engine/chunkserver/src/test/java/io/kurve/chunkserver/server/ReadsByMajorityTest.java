package io.kurve.chunkserver.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.kurve.chunkserver.copyset.Samples;
import io.kurve.core.id.CopysetKey;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Chunkservers that were started with {@code --reads quorum}, over the real log. */
@Timeout(120)
class ReadsByMajorityTest {
  private static final CopysetKey COPYSET = Samples.COPYSET;

  @TempDir private Path folder;

  @Test
  void rule14EachReadThatNobodySharesIsAnEntryOfTheLog() throws Exception {
    try (ChunkserverWorld world = ChunkserverWorld.ofThree(folder, COPYSET, "quorum")) {
      world.write(COPYSET, 1, 101, 0, Samples.filled(1, 1));
      long before = world.mds.applied(COPYSET);
      for (int n = 0; n < 20; n++) {
        world.assertReads(COPYSET, 101, 0, Samples.filled(1, 1));
      }
      ChunkserverWorld.await(
          "the entries are reported", () -> world.mds.applied(COPYSET) >= before + 20);
      world.write(COPYSET, 2, 101, 0, Samples.filled(1, 2));
      world.assertReads(COPYSET, 101, 0, Samples.filled(1, 2));
      assertThat(world.mds.leader(COPYSET)).isPresent();
    }
  }
}
