package io.kurve.chunkserver.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.kurve.chunkserver.store.ChunkStore;
import io.kurve.chunkserver.store.FormatRequest;
import io.kurve.chunkserver.store.StoreFinding;
import io.kurve.chunkserver.store.StoreIdentity;
import io.kurve.consensus.wal.GroupLog;
import io.kurve.consensus.wal.LogRecord;
import io.kurve.consensus.wal.SharedWal;
import io.kurve.consensus.wal.WalConfig;
import io.kurve.consensus.wal.WalMetrics;
import io.kurve.core.disk.Disk;
import io.kurve.core.disk.Region;
import io.kurve.core.id.ClusterId;
import io.kurve.core.id.CopysetGeneration;
import io.kurve.core.id.CopysetId;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.id.StoreId;
import io.kurve.testkit.disk.VolatileDisk;
import io.kurve.testkit.failure.HaltingFaultHandler;
import io.kurve.testkit.time.SeededRandom;
import io.prometheus.client.CollectorRegistry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What {@code kurve store check} finds in the log of a stopped store. */
class DiskCheckTest {
  private static final ClusterId CLUSTER = new ClusterId(new UUID(1, 2));
  private static final String FIRST = "the first entry of all";
  private static final String LAST = "the last entry of all";

  private final VolatileDisk disk = new VolatileDisk("disk-0", 128L << 20, new SeededRandom(1));
  private long walOffset;

  @BeforeEach
  void writeTwoEntries() throws Exception {
    StoreIdentity identity =
        new StoreIdentity(
            CLUSTER, new StoreId(new UUID(3, 4)), Instant.parse("2026-11-01T12:00:00Z"));
    StoreCreation.format(disk, FormatRequest.of(identity));
    HaltingFaultHandler faults = new HaltingFaultHandler();
    ChunkStore chunks = ChunkStore.open(disk, CLUSTER, faults);
    Region wal = chunks.walRegion();
    walOffset = wal.offset();
    SharedWal log =
        SharedWal.open(
                disk,
                WalConfig.withDefaults(wal, identity.store(), chunks.generation()),
                faults,
                new WalMetrics(new CollectorRegistry()))
            .orThrow();
    GroupLog group = log.open(new CopysetKey(new CopysetId(1), new CopysetGeneration(1)));
    group.append(List.of(entry(1, FIRST)));
    group.append(List.of(entry(2, LAST)));
    log.close();
    chunks.close();
  }

  private static LogRecord entry(long index, String text) {
    ByteBuffer payload = ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII));
    return new LogRecord(index, 1, LogRecord.Kind.DATA, payload);
  }

  @Test
  void aWholeLogIsReadAndNothingIsWritten() {
    long mutations = disk.mutations();
    DiskCheck check = DiskCheck.run(disk);
    assertThat(check.findings()).isEmpty();
    assertThat(check.logRecords()).isGreaterThanOrEqualTo(2);
    assertThat(disk.mutations()).isEqualTo(mutations);
  }

  @Test
  void aFlippedBitInTheMiddleIsNamedWithItsOffset() throws IOException {
    long offset = offsetOf(FIRST);
    disk.flipBit(offset, 1);
    assertThat(DiskCheck.run(disk).findings())
        .singleElement()
        .satisfies(finding -> {
          assertThat(finding.code()).isEqualTo(StoreFinding.Code.LOG_DAMAGED);
          assertThat(finding.object()).isEqualTo("log at offset " + (offset & -4096));
          assertThat(finding.text()).contains("disk-0", "offset " + (offset & -4096));
          assertThat(finding.cure()).isNotEmpty();
        });
  }

  @Test
  void aTornTailIsNoDamage() throws IOException {
    disk.flipBit(offsetOf(LAST), 1);
    assertThat(DiskCheck.run(disk).findings()).isEmpty();
  }

  private long offsetOf(String text) throws IOException {
    byte[] wanted = text.getBytes(StandardCharsets.US_ASCII);
    ByteBuffer area = Disk.allocateAligned(1 << 20);
    disk.read(walOffset, area);
    byte[] bytes = new byte[1 << 20];
    area.flip().get(bytes);
    for (int at = 0; at + wanted.length < bytes.length; at++) {
      if (Arrays.equals(wanted, 0, wanted.length, bytes, at, at + wanted.length)) {
        return walOffset + at;
      }
    }
    throw new AssertionError("'" + text + "' is not in the log");
  }
}
