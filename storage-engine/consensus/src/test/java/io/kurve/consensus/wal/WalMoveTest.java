package io.kurve.consensus.wal;

import static io.kurve.consensus.wal.WalBench.append;
import static io.kurve.consensus.wal.WalBench.entry;
import static io.kurve.consensus.wal.WalBench.key;
import static io.kurve.consensus.wal.WalBench.readAll;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kurve.consensus.wal.GroupLog.WalFull;
import io.kurve.core.log.LogPosition;
import io.kurve.testkit.disk.PowerLoss;
import io.kurve.testkit.disk.VolatileDisk;
import java.nio.ByteBuffer;
import java.util.List;
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
  void rule09AGroupThatCannotCutDoesNotFillTheRing() throws WalFull {
    SharedWal wal = bench.open();
    GroupLog stuck = wal.open(key(1));
    List<LogRecord> kept = fillStuck(stuck);
    GroupLog busy = wal.open(key(2));
    assertThatThrownBy(
            () -> {
              for (int lap = 0; lap < 10; lap++) {
                writeLap(busy);
              }
            })
        .as("without moving it")
        .isInstanceOf(WalFull.class);
    busy.truncatePrefix(new LogPosition(1, busy.lastIndex()));
    for (int lap = 0; lap < 30; lap++) {
      for (SharedWal.Pin pin : wal.pinning()) {
        wal.moveUp(pin.group());
      }
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
        wal.moveUp(key(1));
        writeLap(wal.open(key(2)));
        wal.moveUp(key(1));
        wal.open(key(1)).truncatePrefix(new LogPosition(1, 4));
        wal.moveUp(key(1));
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
      wal.moveUp(key(1));
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
