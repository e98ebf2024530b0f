package io.kurve.consensus.wal;

import static io.kurve.consensus.wal.WalBench.append;
import static io.kurve.consensus.wal.WalBench.entry;
import static io.kurve.consensus.wal.WalBench.key;
import static io.kurve.consensus.wal.WalBench.readAll;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kurve.consensus.wal.GroupLog.WalFull;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.log.LogPosition;
import io.kurve.core.log.ReplicatedLogs.LogSpace;
import io.kurve.testkit.disk.ForwardedDisk;
import io.kurve.testkit.disk.PowerLoss;
import io.kurve.testkit.disk.VolatileDisk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;

/** A group that can't cut its log, beside others that write. */
class WalMoveTest {
  private final VolatileDisk disk = WalBench.volatileDisk(1);
  private final WalBench bench = new WalBench(disk);

  private static void writeLap(GroupLog busy) throws WalFull {
    for (int n = 0; n < 8; n++) {
      append(busy, 3, 6000);
      busy.truncatePrefix(new LogPosition(1, busy.lastIndex()));
    }
  }

  private static void fill(GroupLog busy) throws WalFull {
    for (int lap = 0; lap < 10; lap++) {
      writeLap(busy);
    }
  }

  private static void fillTo(SharedWal wal, long bytes, GroupLog busy) throws WalFull {
    while (wal.space().usedBytes() < bytes) {
      append(busy, 1, 6000);
    }
    busy.truncatePrefix(new LogPosition(1, busy.lastIndex()));
  }

  private static List<LogRecord> fillStuck(GroupLog stuck) throws WalFull {
    append(stuck, 5, 3000);
    stuck.truncatePrefix(new LogPosition(1, 2));
    stuck.append(
        List.of(
            new LogRecord(6, 1, LogRecord.Kind.CONFIGURATION, ByteBuffer.wrap(new byte[] {7})),
            new LogRecord(7, 2, LogRecord.Kind.NO_OP, ByteBuffer.allocate(0))));
    return readAll(stuck);
  }

  @Test
  void rule09AGroupThatCannotCutFillsTheRing() throws WalFull {
    SharedWal wal = bench.open();
    fillStuck(wal.open(key(1)));
    GroupLog busy = wal.open(key(2));
    assertThatThrownBy(() -> fill(busy)).isInstanceOf(WalFull.class);
  }

  @Test
  void rule09AGroupThatCannotCutDoesNotFillTheRing() throws WalFull {
    SharedWal wal = bench.open();
    GroupLog stuck = wal.open(key(1));
    List<LogRecord> kept = fillStuck(stuck);
    GroupLog busy = wal.open(key(2));
    for (int lap = 0; lap < 30; lap++) {
      wal.moveUp(wal.worthMoving(key(1)::equals));
      append(busy, 3, 6000);
      busy.truncatePrefix(new LogPosition(1, busy.lastIndex()));
      assertThat(readAll(stuck)).isEqualTo(kept);
    }
    SharedWal again = bench.open();
    GroupLog reopened = again.group(key(1)).orElseThrow();
    assertThat(readAll(reopened)).isEqualTo(kept);
    assertThat(reopened.configurations()).containsExactly(kept.get(3));
    assertThat(reopened.cutAt()).isEqualTo(new LogPosition(1, 2));
    reopened.append(List.of(entry(key(1), 2, 8, 100)));
    reopened.truncatePrefix(new LogPosition(2, 7));
    assertThat(readAll(bench.open().group(key(1)).orElseThrow()))
        .containsExactly(entry(key(1), 2, 8, 100));
  }

  @Test
  void rule09AMoveThatDoesNotFitWritesNothing() throws WalFull {
    SharedWal wal = bench.open();
    GroupLog stuck = wal.open(key(1));
    append(stuck, 10, 9000);
    GroupLog busy = wal.open(key(2));
    GroupLog voter = wal.open(key(3));
    fillTo(wal, 250_000, busy);
    LogSpace before = wal.space();
    for (int attempt = 0; attempt < 20; attempt++) {
      assertThatThrownBy(() -> wal.moveUp(List.of(key(1)))).isInstanceOf(WalFull.class);
    }
    assertThat(wal.space()).isEqualTo(before);
    assertVotesAndStartsGoOn(voter, readAll(stuck));
  }

  @Test
  void rule09TwoGroupsThatPinTheSameSegmentMoveTogetherOrNotAtAll() throws WalFull {
    SharedWal wal = bench.open();
    GroupLog one = wal.open(key(1));
    GroupLog two = wal.open(key(4));
    for (int n = 0; n < 6; n++) {
      append(one, 1, 9000);
      append(two, 1, 9000);
    }
    GroupLog busy = wal.open(key(2));
    GroupLog voter = wal.open(key(3));
    fillTo(wal, 250_000, busy);
    LogSpace before = wal.space();
    assertThatThrownBy(() -> wal.moveUp(List.of(key(1), key(4)))).isInstanceOf(WalFull.class);
    assertThat(wal.space()).as("though each would fit alone").isEqualTo(before);
    assertVotesAndStartsGoOn(voter, readAll(one));
  }

  /** The reserve is there. */
  private void assertVotesAndStartsGoOn(GroupLog voter, List<LogRecord> kept) {
    for (int term = 1; term <= 10; term++) {
      voter.saveHardState(WalBench.vote(term, 1));
    }
    for (int start = 0; start < 10; start++) {
      assertThat(readAll(bench.open().group(key(1)).orElseThrow())).isEqualTo(kept);
    }
  }

  @Test
  void rule09OnlyWhatFreesTwiceAsMuchAsItTakesIsWorthMoving() throws WalFull {
    SharedWal wal = bench.open();
    GroupLog one = wal.open(key(1));
    GroupLog two = wal.open(key(4));
    GroupLog busy = wal.open(key(2));
    append(one, 2, 9000);
    append(busy, 1, 9000);
    append(busy, 5, 9000);
    append(two, 2, 9000);
    Predicate<CopysetKey> stuck = Set.of(key(1), key(4))::contains;
    assertThat(wal.worthMoving(stuck)).as("beside the busy group's entries").isEmpty();
    busy.truncatePrefix(new LogPosition(1, 6));
    assertThat(wal.worthMoving(key(4)::equals)).as("behind the first").isEmpty();
    assertThat(wal.worthMoving(key(1)::equals)).containsExactly(key(1));
    append(one, 7, 9000);
    assertThat(wal.worthMoving(stuck)).as("takes most of what it frees").isEmpty();
    append(busy, 5, 9000);
    busy.truncatePrefix(new LogPosition(1, busy.lastIndex()));
    assertThat(wal.worthMoving(stuck)).as("free more together").containsExactly(key(1), key(4));
  }

  private interface Change {
    void to(GroupLog log) throws WalFull;
  }

  @Test
  void aMoveLetsTheLogBeChangedMeanwhile() throws WalFull {
    List<Change> changes =
        List.of(
            log -> append(log, 5, 3000),
            log -> log.truncatePrefix(new LogPosition(1, 2)),
            log -> log.truncatePrefix(new LogPosition(1, 5)),
            log -> log.truncatePrefix(new LogPosition(1, 7)),
            log -> {
              append(log, 3, 3000);
              log.truncatePrefix(new LogPosition(1, 9));
            },
            log -> {
              log.truncateSuffix(4);
              log.append(List.of(entry(key(1), 2, 5, 3000), entry(key(1), 2, 6, 3000)));
            },
            log -> {
              log.truncateSuffix(2);
              append(log, 5, 3000);
              log.truncatePrefix(new LogPosition(1, 5));
            },
            log -> log.reset(new LogPosition(2, 20)));
    for (Change change : changes) {
      for (int read = 1; read <= 6; read++) {
        moveWith(change, read);
      }
    }
  }

  /** The change comes with the nth read of a move, between two of its frames. */
  private static void moveWith(Change change, int atRead) throws WalFull {
    AtomicReference<Runnable> beside = new AtomicReference<>(() -> {});
    VolatileDisk disk = WalBench.volatileDisk(atRead);
    WalBench bench =
        new WalBench(
            new ForwardedDisk(disk) {
              @Override
              public void readDirect(long offset, ByteBuffer target) throws IOException {
                beside.get().run();
                super.readDirect(offset, target);
              }
            });
    SharedWal wal = bench.open();
    GroupLog log = wal.open(key(1));
    append(log, 7, 9000);
    List<LogRecord> expected = new ArrayList<>();
    AtomicInteger reads = new AtomicInteger();
    beside.set(() -> {
      if (reads.incrementAndGet() == atRead) {
        try {
          change.to(log);
        } catch (WalFull e) {
          throw new AssertionError(e);
        }
        expected.addAll(readAll(log));
      }
    });
    wal.moveUp(List.of(key(1)));
    beside.set(() -> {});
    assertThat(readAll(log)).isEqualTo(expected);
    assertThat(readAll(bench.open().group(key(1)).orElseThrow())).isEqualTo(expected);
    SharedWal again = bench.open();
    GroupLog busy = again.open(key(2));
    for (int n = 0; n < 20; n++) {
      append(busy, 1, 2000);
      busy.truncatePrefix(new LogPosition(1, busy.lastIndex()));
    }
    assertThat(readAll(bench.open().group(key(1)).orElseThrow())).isEqualTo(expected);
  }

  @Test
  void aPurgedGroupEndsItsMove() throws WalFull {
    AtomicReference<Runnable> beside = new AtomicReference<>(() -> {});
    WalBench world =
        new WalBench(
            new ForwardedDisk(disk) {
              @Override
              public void readDirect(long offset, ByteBuffer target) throws IOException {
                beside.getAndSet(() -> {}).run();
                super.readDirect(offset, target);
              }
            });
    SharedWal wal = world.open();
    append(wal.open(key(1)), 7, 9000);
    beside.set(() -> {
      wal.purge(key(1));
      wal.open(key(1));
    });
    wal.moveUp(List.of(key(1)));
    assertThat(readAll(wal.open(key(1)))).isEmpty();
    assertThat(readAll(world.open().open(key(1)))).isEmpty();
  }

  @Test
  void rule09APowerCutAtAnyWriteOfAMoveLosesNothing() throws WalFull {
    int cuts = 0;
    for (int at = 1; ; at++) {
      VolatileDisk torn = WalBench.volatileDisk(at);
      WalBench world = new WalBench(torn);
      SharedWal wal = world.open();
      List<LogRecord> kept = fillStuck(wal.open(key(1)));
      torn.losePowerAt(at);
      boolean lost = false;
      try {
        wal.moveUp(List.of(key(1)));
        writeLap(wal.open(key(2)));
        wal.moveUp(List.of(key(1)));
        wal.open(key(1)).truncatePrefix(new LogPosition(1, 4));
        wal.moveUp(List.of(key(1)));
      } catch (PowerLoss e) {
        lost = true;
        cuts++;
      }
      if (!lost) {
        break;
      }
      torn.restart();
      GroupLog found = world.open().group(key(1)).orElseThrow();
      List<LogRecord> all = readAll(found);
      assertThat(all).as("cut at write %d", at).isIn(kept, kept.subList(2, kept.size()));
      assertThat(found.lastIndex()).isEqualTo(7);
    }
    assertThat(cuts).isGreaterThan(10);
  }

  @Test
  void aRecoveryMayBeginInTheMiddleOfWhatWasMoved() throws WalFull {
    for (long cut = 2; cut <= 7; cut++) {
      WalBench world = new WalBench(WalBench.volatileDisk(cut));
      SharedWal wal = world.open();
      GroupLog stuck = wal.open(key(1));
      append(stuck, 7, 9000);
      GroupLog busy = wal.open(key(2));
      wal.moveUp(List.of(key(1)));
      stuck.truncatePrefix(new LogPosition(1, cut));
      append(busy, 1, 100);
      for (int n = 0; n < 3; n++) {
        append(busy, 2, 9000);
        busy.truncatePrefix(new LogPosition(1, busy.lastIndex()));
      }
      List<LogRecord> kept = readAll(stuck);
      assertThat(kept).hasSize((int) (7 - cut));
      assertThat(readAll(world.open().group(key(1)).orElseThrow())).isEqualTo(kept);
    }
  }
}
