package io.kurve.consensus.wal;

import static io.kurve.consensus.wal.WalBench.append;
import static io.kurve.consensus.wal.WalBench.key;
import static io.kurve.consensus.wal.WalBench.readAll;
import static io.kurve.consensus.wal.WalBench.vote;
import static org.assertj.core.api.Assertions.assertThat;

import io.kurve.consensus.wal.GroupLog.WalFull;
import io.kurve.core.disk.FileDisk;
import io.kurve.core.disk.Preallocation;
import io.kurve.core.log.LogPosition;
import io.kurve.core.unit.ByteSize;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WalOnFileTest {
  @Test
  void aWalOnAFileGoesRoundAndComesBack(@TempDir Path directory) throws IOException, WalFull {
    Path file = directory.resolve("disk");
    new Preallocation().createFile(file, new ByteSize(WalBench.REGION.end()));
    try (FileDisk disk = FileDisk.open(file)) {
      WalBench bench = new WalBench(disk);
      SharedWal wal = bench.open();
      GroupLog log = wal.open(key(1));
      log.saveHardState(vote(3, 1));
      for (int round = 0; round < 100; round++) {
        append(log, 3, 4096);
        log.truncatePrefix(new LogPosition(1, log.lastIndex() - 4));
      }
      List<LogRecord> before = readAll(log);
      wal.close();

      GroupLog again = bench.open().open(key(1));
      assertThat(again.hardState()).isEqualTo(vote(3, 1));
      assertThat(readAll(again)).isEqualTo(before).hasSize(4);
    }
  }
}
