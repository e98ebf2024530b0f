package io.kurve.consensus.wal;

import static io.kurve.consensus.wal.WalBench.append;
import static io.kurve.consensus.wal.WalBench.key;
import static io.kurve.consensus.wal.WalBench.vote;
import static org.assertj.core.api.Assertions.assertThat;

import io.kurve.consensus.wal.GroupLog.WalFull;
import io.kurve.core.log.LogPosition;
import io.kurve.testkit.disk.VolatileDisk;
import org.junit.jupiter.api.Test;

class WalCheckTest {
  private final VolatileDisk disk = WalBench.volatileDisk(1);
  private final WalCheck check = new WalCheck(disk, WalBench.config(0));

  @Test
  void tellsWhatIsThereAndWritesNothing() throws WalFull {
    SharedWal wal = new WalBench(disk).open();
    GroupLog log = wal.open(key(1));
    append(log, 3, 100);
    log.saveHardState(vote(2, 1));
    wal.close();
    long mutations = disk.mutations();
    assertThat(check.run())
        .isInstanceOfSatisfying(
            WalCheck.Sound.class,
            sound -> {
              assertThat(sound.generation()).isEqualTo(1);
              assertThat(sound.size().segments()).isEqualTo(1);
              assertThat(sound.size().frames()).isEqualTo(5);
              assertThat(sound.groups())
                  .containsExactly(
                      new WalCheck.GroupFinding(key(1), vote(2, 1), LogPosition.BEFORE_ALL, 3));
            });
    assertThat(disk.mutations()).isEqualTo(mutations);
  }

  @Test
  void tellsWhereItIsDamaged() throws WalFull {
    append(new WalBench(disk).open().open(key(1)), 3, 100);
    disk.flipBit(WalBench.REGION.offset() + 8192 + 100, 1);
    assertThat(check.run())
        .isInstanceOfSatisfying(
            WalCheck.Broken.class,
            broken ->
                assertThat(broken.damage().offset()).isEqualTo(WalBench.REGION.offset() + 8192));
  }
}
