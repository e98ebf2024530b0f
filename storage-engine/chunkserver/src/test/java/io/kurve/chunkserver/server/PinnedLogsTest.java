package io.kurve.chunkserver.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.kurve.consensus.wal.GroupLog;
import io.kurve.consensus.wal.GroupLog.WalFull;
import io.kurve.consensus.wal.LogRecord;
import io.kurve.consensus.wal.SharedWal;
import io.kurve.consensus.wal.WalConfig;
import io.kurve.consensus.wal.WalMetrics;
import io.kurve.core.disk.Disk;
import io.kurve.core.disk.Region;
import io.kurve.core.id.CopysetGeneration;
import io.kurve.core.id.CopysetId;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.id.StoreGeneration;
import io.kurve.core.id.StoreId;
import io.kurve.core.log.LogPosition;
import io.kurve.core.log.ReplicatedLogs.LogSpace;
import io.kurve.testkit.disk.VolatileDisk;
import io.kurve.testkit.failure.HaltingFaultHandler;
import io.kurve.testkit.time.SeededRandom;
import io.prometheus.client.CollectorRegistry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A ring of 32 segments of 64 KiB, a copyset that can't cut its log, and a busy one. */
class PinnedLogsTest {
  private static final int SEGMENT_BYTES = 64 << 10;
  private static final CopysetKey STUCK = copyset(1);
  private static final CopysetKey BUSY = copyset(2);

  private VolatileDisk disk;
  private SharedWal wal;
  private GroupLog stuck;
  private GroupLog busy;
  private Set<CopysetKey> running = Set.of(BUSY);
  private long nanos;
  private PinnedLogs pinned;

  private static CopysetKey copyset(long id) {
    return new CopysetKey(new CopysetId(id), new CopysetGeneration(1));
  }

  private static WalConfig config(int generation) {
    return new WalConfig(
        new Region(8192, 32 * SEGMENT_BYTES),
        new StoreId(new UUID(1, 2)),
        new StoreGeneration(generation),
        SEGMENT_BYTES,
        new WalConfig.Bounds(SEGMENT_BYTES / 4, 1 << 20, 2, Duration.ofSeconds(20)));
  }

  @BeforeEach
  void open() throws IOException {
    disk = new VolatileDisk("disk", 33 * SEGMENT_BYTES, new SeededRandom(1));
    SharedWal.format(disk, config(0));
    wal =
        SharedWal.open(
                disk, config(1), new HaltingFaultHandler(), new WalMetrics(new CollectorRegistry()))
            .orThrow();
    stuck = wal.open(STUCK);
    busy = wal.open(BUSY);
    pinned = new PinnedLogs(wal, () -> nanos, copyset -> running.contains(copyset));
  }

  private static void append(GroupLog log, int entries) throws WalFull {
    for (int n = 0; n < entries; n++) {
      log.append(
          List.of(
              new LogRecord(
                  log.lastIndex() + 1, 1, LogRecord.Kind.DATA, ByteBuffer.allocate(8000))));
    }
  }

  /** The busy copyset writes until the ring is this full, and cuts its log. */
  private void fillTo(int percent) throws WalFull {
    while (percentUsed() < percent) {
      append(busy, 1);
      busy.truncatePrefix(new LogPosition(1, busy.lastIndex()));
    }
  }

  private long percentUsed() {
    LogSpace space = wal.space();
    return space.usedBytes() * 100 / space.totalBytes();
  }

  private void after(Duration time, boolean pressing) {
    pinned.moveUp(pressing);
    nanos += time.toNanos();
    pinned.moveUp(pressing);
  }

  @Test
  void theLogOfOneThatDoesNotRunIsMovedWhileThereIsRoom() throws WalFull {
    append(stuck, 10);
    fillTo(20);
    after(Duration.ofSeconds(100), false);
    assertThat(percentUsed()).as("early").isGreaterThanOrEqualTo(20);
    fillTo(26);
    after(Duration.ofSeconds(1), false);
    assertThat(percentUsed()).as("a second later").isGreaterThanOrEqualTo(26);
    after(Duration.ofSeconds(2), false);
    assertThat(percentUsed()).isLessThan(15);
    assertThat(stuck.firstIndex()).isEqualTo(1);
    assertThat(stuck.read(10)).isPresent();
  }

  @Test
  void anEntryThatCannotBeReadBackStaysWhereItIs() throws WalFull {
    append(stuck, 10);
    fillTo(26);
    // One in each block of the first segment's second half.
    for (int at = SEGMENT_BYTES / 2; at < SEGMENT_BYTES; at += Disk.ALIGNMENT) {
      disk.flipBit(8192 + at + 100, 0);
    }
    after(Duration.ofSeconds(2), false);
    assertThat(percentUsed()).isGreaterThanOrEqualTo(26);
    append(busy, 1);
  }

  @Test
  void theLogOfOneThatRunsIsMovedAfterItsCheckpointsHadTime() throws WalFull {
    running = Set.of(STUCK, BUSY);
    append(stuck, 10);
    fillTo(60);
    after(Duration.ofSeconds(100), false);
    assertThat(percentUsed()).as("nobody takes checkpoints").isGreaterThanOrEqualTo(60);
    after(Duration.ofSeconds(9), true);
    assertThat(percentUsed()).as("9 s later").isGreaterThanOrEqualTo(60);
    after(Duration.ofSeconds(1), true);
    assertThat(percentUsed()).isLessThan(15);
  }

  @Test
  void rule09WhatDoesNotFitIsLeftAloneForAWhile() throws WalFull {
    append(stuck, 80);
    fillTo(80);
    LogSpace full = wal.space();
    after(Duration.ofSeconds(2), true);
    assertThat(wal.space()).as("nothing was written").isEqualTo(full);
    busy.reset(new LogPosition(1, busy.lastIndex()));
    assertThat(wal.firstIndexes()).containsOnlyKeys(STUCK);
    stuck.truncatePrefix(new LogPosition(1, 60));
    fillTo(80);
    full = wal.space();
    after(Duration.ofSeconds(5), true);
    assertThat(wal.space()).as("not again so soon").isEqualTo(full);
    after(Duration.ofSeconds(10), true);
    assertThat(percentUsed()).as("though now it fits").isLessThan(30);
  }
}
