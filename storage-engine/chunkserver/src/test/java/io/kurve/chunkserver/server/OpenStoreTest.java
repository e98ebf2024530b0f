package io.kurve.chunkserver.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kurve.consensus.wal.GroupLog;
import io.kurve.consensus.wal.LogRecord;
import io.kurve.consensus.wal.WalMetrics;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.CopysetGeneration;
import io.kurve.core.id.CopysetId;
import io.kurve.core.id.CopysetKey;
import io.kurve.testkit.disk.VolatileDisk;
import io.kurve.testkit.failure.HaltingFaultHandler;
import io.kurve.testkit.time.SeededRandom;
import io.prometheus.client.CollectorRegistry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class OpenStoreTest {
  private static final CopysetKey BUSY = copyset(1);
  private static final CopysetKey IDLE = copyset(2);

  private final VolatileDisk disk = new VolatileDisk("disk-1", 256L << 20, new SeededRandom(1));

  private static CopysetKey copyset(long id) {
    return new CopysetKey(new CopysetId(id), new CopysetGeneration(1));
  }

  private OpenStore open() throws IOException {
    return OpenStore.open(
        disk,
        ChunkserverWorld.CLUSTER,
        new HaltingFaultHandler(),
        new WalMetrics(new CollectorRegistry()));
  }

  /** Returns where the record that lies in the middle of the log begins, or a block before it. */
  private long threeRecords() throws Exception {
    ChunkserverWorld.format(1, disk);
    try (OpenStore store = open()) {
      GroupLog busy = store.wal().open(BUSY);
      var unused = store.wal().open(IDLE);
      long begin = store.chunks().walRegion().offset();
      long middle = 0;
      for (int index = 1; index <= 3; index++) {
        middle = index == 2 ? begin + store.wal().space().usedBytes() : middle;
        busy.append(
            List.of(new LogRecord(index, 1, LogRecord.Kind.DATA, ByteBuffer.allocate(4096))));
      }
      return middle;
    }
  }

  /** docs/adr/034: none of its replicas votes, not even those whose records are whole. */
  @Test
  void rule04AStoreWhoseLogIsDamagedDoesNotStartAtAll() throws Exception {
    long middle = threeRecords();
    disk.flipBit(middle + 100, 3);
    for (int attempt = 0; attempt < 2; attempt++) {
      assertThatThrownBy(() -> open().close())
          .isInstanceOfSatisfying(
              KurveException.class,
              refused -> {
                assertThat(refused.code()).isEqualTo(ErrorCode.BAD_STORE);
                assertThat(refused.text()).contains("the WAL of disk-1 is damaged at offset ");
                assertThat(refused.cure()).isEqualTo(KurveException.GO_ON_WITHOUT_IT);
              });
    }
    disk.flipBit(middle + 100, 3);
    try (OpenStore store = open()) {
      assertThat(store.durableIndexes())
          .as("whoever tried to start it changed nothing")
          .isEqualTo(Map.of(BUSY, 3L, IDLE, 0L));
    }
  }
}
