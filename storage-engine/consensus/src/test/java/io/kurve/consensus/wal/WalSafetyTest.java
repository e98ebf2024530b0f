package io.kurve.consensus.wal;

import static io.kurve.consensus.wal.WalBench.append;
import static io.kurve.consensus.wal.WalBench.entry;
import static io.kurve.consensus.wal.WalBench.key;
import static io.kurve.consensus.wal.WalBench.readAll;
import static io.kurve.consensus.wal.WalBench.vote;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kurve.consensus.wal.GroupLog.WalFull;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.log.LogPosition;
import io.kurve.testkit.disk.PowerLoss;
import io.kurve.testkit.disk.ProcessKilled;
import io.kurve.testkit.disk.VolatileDisk;
import io.kurve.testkit.failure.HaltingFaultHandler.Halted;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

class WalSafetyTest {
  @Test
  void rule02NoAnswerAfterAFailedWrite() throws WalFull {
    VolatileDisk disk = WalBench.volatileDisk(2);
    WalBench bench = new WalBench(disk);
    SharedWal wal = bench.open();
    GroupLog log = wal.open(key(1));
    GroupLog other = wal.open(key(2));
    append(log, 2, 4096);

    disk.failDurableWrite(1);
    assertThatThrownBy(() -> append(log, 1, 4096))
        .isInstanceOf(Halted.class)
        .hasCauseInstanceOf(IOException.class);
    // The disk says OK again, and the process must not listen.
    long mutations = disk.mutations();
    assertThatThrownBy(() -> append(log, 1, 4096)).isInstanceOf(Halted.class);
    assertThatThrownBy(() -> other.saveHardState(vote(1, 1))).isInstanceOf(Halted.class);
    assertThat(disk.mutations()).isEqualTo(mutations);
    assertThat(log.durableIndex()).isEqualTo(2);
    assertThat(bench.faults().isHalted()).isTrue();

    SharedWal reopened = bench.open();
    assertThat(reopened.open(key(1)).lastIndex()).isEqualTo(2);
    assertThat(reopened.open(key(2)).hardState().term()).isZero();
  }

  @Test
  void rule02RecoveryWritesTheTailAgainBeforeAnythingElse() throws WalFull {
    VolatileDisk disk = WalBench.volatileDisk(2);
    WalBench bench = new WalBench(disk);
    SharedWal wal = bench.open();
    GroupLog log = wal.open(key(1));
    long lastFrame = WalBench.REGION.offset() + wal.space().usedBytes();
    append(log, 2, 4096);
    // Power fails in the rewriting: the tail is what it was.
    for (int attempt = 0; attempt < 20; attempt++) {
      disk.losePowerAt(1);
      assertThatThrownBy(bench::open)
          .isInstanceOf(PowerLoss.class)
          .hasMessageEndingWith("durable write at " + lastFrame);
      disk.restart();
    }
    assertThat(bench.open().open(key(1)).lastIndex()).isEqualTo(2);
    // A failure in it is a failed sync as any other.
    disk.failDurableWrite(1);
    assertThatThrownBy(bench::open).isInstanceOf(Halted.class);
  }

  /** What a killed process wrote last was read at the start, and somebody may have been told. */
  @Test
  void rule02WhatAKilledProcessLeftUnsyncedOutlivesAPowerCutOnceItWasRead() throws WalFull {
    for (int seed = 0; seed < 20; seed++) {
      VolatileDisk disk = WalBench.volatileDisk(seed);
      WalBench bench = new WalBench(disk);
      GroupLog log = bench.open().open(key(1));
      append(log, 2, 4096);
      disk.killAt(1);
      assertThatThrownBy(() -> append(log, 3, 4096)).isInstanceOf(ProcessKilled.class);
      disk.restart();
      disk.losePowerAt(2);
      assertThatThrownBy(bench::open).isInstanceOf(PowerLoss.class);
      disk.restart();
      assertThat(bench.open().open(key(1)).lastIndex()).isEqualTo(5);
    }
  }

  @Test
  void rule03VotesOutliveTenLapsOfTheRing() throws WalFull {
    VolatileDisk disk = WalBench.volatileDisk(3);
    WalBench bench = new WalBench(disk);
    SharedWal wal = bench.open();
    GroupLog busy = wal.open(key(1));
    for (int id = 2; id <= 32; id++) {
      GroupLog idle = wal.open(key(id));
      append(idle, 2, 200);
      idle.saveHardState(vote(id * 10L, id));
      idle.truncatePrefix(new LogPosition(1, 2));
    }
    wal.purge(key(32));
    wal.saveStoreState(new byte[] {42});
    long ringBytes = WalBench.REGION.lengthBytes();
    for (long written = 0; written < 10 * ringBytes; written += 4 * 4096) {
      append(busy, 4, 4000);
      busy.truncatePrefix(new LogPosition(1, busy.lastIndex() - 5));
    }
    disk.losePowerAt(2);
    append(busy, 1, 4000);
    assertThatThrownBy(() -> append(busy, 1, 4000)).isInstanceOf(PowerLoss.class);
    disk.restart();

    SharedWal recovered = bench.open();
    assertThat(recovered.groups()).hasSize(31);
    for (int id = 2; id <= 31; id++) {
      GroupLog idle = recovered.group(key(id)).orElseThrow();
      assertThat(idle.hardState()).isEqualTo(vote(id * 10L, id));
      assertThat(idle.cutAt()).isEqualTo(new LogPosition(1, 2));
      assertThat(idle.lastIndex()).isEqualTo(2);
    }
    assertThat(recovered.open(key(32)).hardState()).isEqualTo(vote(320, 32));
    assertThat(recovered.storeState()).containsExactly(42);
    assertThat(recovered.open(key(1)).lastIndex()).isGreaterThanOrEqualTo(busy.lastIndex());
  }

  @Test
  void rule04NothingResurrectsFromATornFrame() throws WalFull {
    for (int seed = 0; seed < 80; seed++) {
      VolatileDisk disk = WalBench.volatileDisk(seed);
      WalBench bench = new WalBench(disk);
      CopysetKey group = key(1);
      append(bench.open().open(group), 2, 3000);
      long term = 1;
      for (int crash = 0; crash < 6; crash++) {
        SharedWal wal = bench.open();
        GroupLog log = wal.open(group);
        List<LogRecord> before = readAll(log);
        term++;
        List<LogRecord> more =
            List.of(
                entry(group, term, log.lastIndex() + 1, 3000),
                entry(group, term, log.lastIndex() + 2, 3000));
        disk.losePowerAt(1);
        assertThatThrownBy(() -> log.append(more)).isInstanceOf(PowerLoss.class);
        disk.restart();
        GroupLog recovered = bench.open().open(group);
        List<LogRecord> after = readAll(recovered);
        if (after.size() > before.size()) {
          assertThat(after.subList(before.size(), after.size())).isEqualTo(more);
        }
        assertThat(after.subList(0, before.size())).isEqualTo(before);
        // Frames of the same length over the torn one.
        term++;
        List<LogRecord> anew =
            List.of(
                entry(group, term, recovered.lastIndex() + 1, 3000),
                entry(group, term, recovered.lastIndex() + 2, 3000));
        recovered.append(anew);
        assertThat(readAll(recovered)).endsWith(anew.toArray(LogRecord[]::new));
      }
    }
  }

  @Test
  void rule04ABitFlippedInTheSyncedPartIsDamage() throws WalFull {
    VolatileDisk disk = WalBench.volatileDisk(5);
    WalBench bench = new WalBench(disk);
    SharedWal wal = bench.open();
    GroupLog log = wal.open(key(1));
    GroupLog idle = wal.open(key(2));
    long[] ends = new long[30];
    for (int i = 0; i < ends.length; i++) {
      append(log, 1, 4096);
      ends[i] = wal.space().usedBytes();
    }
    assertThat(idle.lastIndex()).isZero();
    wal.close();
    VolatileDisk.Image image = disk.image();
    for (int i = 0; i < ends.length - 1; i++) {
      disk.restore(image);
      long frame = WalBench.REGION.offset() + ends[i] - 8192;
      disk.flipBit(frame + (i * 611) % 4096, i % 8);
      assertThat(bench.tryOpen())
          .as("frame %s", i)
          .isInstanceOfSatisfying(
              WalOpening.Damaged.class,
              damage -> {
                assertThat(damage.offset()).isEqualTo(frame);
                assertThat(damage.groups()).containsExactly(key(1), key(2));
                assertThat(damage.what()).contains("damaged at offset " + frame);
              });
    }
  }

  @Test
  void rule04WhatTheDiskCannotReadIsDamage() throws WalFull {
    VolatileDisk disk = WalBench.volatileDisk(6);
    WalBench bench = new WalBench(disk);
    append(bench.open().open(key(1)), 5, 4096);
    disk.failReads(WalBench.REGION.offset() + 8192, 512);
    assertThat(bench.tryOpen())
        .isInstanceOfSatisfying(
            WalOpening.Damaged.class,
            damage -> assertThat(damage.offset()).isEqualTo(WalBench.REGION.offset() + 8192));
    disk.healReads();
    assertThat(bench.open().open(key(1)).lastIndex()).isEqualTo(5);
  }

  @Test
  void rule04ASegmentThatTheDiskCannotReadFromItsHeadOnIsDamage() throws WalFull {
    VolatileDisk disk = WalBench.volatileDisk(8);
    WalBench bench = new WalBench(disk);
    append(bench.open().open(key(1)), 3, 4096);
    long second = WalBench.REGION.offset() + WalBench.SEGMENT_BYTES;
    disk.failReads(second + 8192, 4096);
    SharedWal wal = bench.open();
    disk.healReads();
    GroupLog log = wal.open(key(1));
    assertThat(log.lastIndex()).as("with an unused slot that can't be read").isEqualTo(3);
    while (wal.space().usedBytes() <= WalBench.SEGMENT_BYTES) {
      append(log, 1, 4096);
    }
    disk.failReads(second, wal.space().usedBytes() - WalBench.SEGMENT_BYTES);
    assertThat(bench.tryOpen())
        .isInstanceOfSatisfying(
            WalOpening.Damaged.class, damage -> assertThat(damage.offset()).isEqualTo(second));
    disk.healReads();
    assertThat(bench.open().open(key(1)).lastIndex()).isEqualTo(log.lastIndex());
  }

  @Test
  void rule04ARottenEntryIsNeverHandedOut() throws WalFull {
    VolatileDisk disk = WalBench.volatileDisk(7);
    WalBench bench = new WalBench(disk);
    SharedWal wal = bench.open();
    GroupLog log = wal.open(key(1));
    append(log, 1, 4096);
    disk.flipBit(WalBench.REGION.offset() + wal.space().usedBytes() - 8192 + 1000, 2);
    assertThatThrownBy(() -> log.read(1)).hasMessageContaining("entry 1 is damaged at offset");
  }
}
