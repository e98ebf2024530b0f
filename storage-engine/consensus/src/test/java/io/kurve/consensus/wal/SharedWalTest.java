package io.kurve.consensus.wal;

import static io.kurve.consensus.wal.WalBench.append;
import static io.kurve.consensus.wal.WalBench.entry;
import static io.kurve.consensus.wal.WalBench.key;
import static io.kurve.consensus.wal.WalBench.readAll;
import static io.kurve.consensus.wal.WalBench.replica;
import static io.kurve.consensus.wal.WalBench.vote;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kurve.consensus.wal.GroupLog.HardState;
import io.kurve.consensus.wal.GroupLog.WalFull;
import io.kurve.core.disk.Region;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.StoreGeneration;
import io.kurve.core.id.StoreId;
import io.kurve.core.log.LogPosition;
import io.kurve.core.log.Membership;
import io.kurve.testkit.disk.VolatileDisk;
import io.kurve.testkit.failure.HaltingFaultHandler;
import io.prometheus.client.CollectorRegistry;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class SharedWalTest {
  private final VolatileDisk disk = WalBench.volatileDisk(1);
  private final WalBench bench = new WalBench(disk);

  @Test
  void entriesSurviveAReopening() throws WalFull {
    GroupLog log = bench.open().open(key(1));
    append(log, 10, 4096);
    append(log, 1, 24);
    List<LogRecord> before = readAll(log);
    assertThat(before).hasSize(11);
    assertThat(before.get(4)).isEqualTo(entry(key(1), 1, 5, 4096));

    GroupLog again = bench.open().group(key(1)).orElseThrow();
    assertThat(again.firstIndex()).isEqualTo(1);
    assertThat(again.durableIndex()).isEqualTo(11);
    assertThat(readAll(again)).isEqualTo(before);
    assertThat(again.read(12)).isEmpty();
    assertThat(again.term(11)).hasValue(1);
    assertThat(again.term(12)).isEmpty();
    assertThat(again.term(0)).hasValue(0);
  }

  @Test
  void promisesSurviveAndAreNeverTakenBack() {
    GroupLog log = bench.open().open(key(1));
    assertThat(log.hardState()).isEqualTo(new HardState(0, Optional.empty()));
    log.saveHardState(new HardState(3, Optional.empty()));
    log.saveHardState(vote(3, 7));

    GroupLog again = bench.open().open(key(1));
    assertThat(again.hardState()).isEqualTo(vote(3, 7));
    assertThatThrownBy(() -> again.saveHardState(vote(3, 8)))
        .isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> again.saveHardState(new HardState(3, Optional.empty())))
        .isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> again.saveHardState(vote(2, 7)))
        .isInstanceOf(IllegalStateException.class);
  }

  @Test
  void cutsTruncationsAndResetsSurvive() throws WalFull {
    SharedWal wal = bench.open();
    GroupLog log = wal.open(key(1));
    append(log, 10, 100);
    log.truncatePrefix(new LogPosition(1, 4));
    log.truncateSuffix(7);
    log.append(List.of(entry(key(1), 2, 8, 50)));
    GroupLog other = wal.open(key(2));
    append(other, 3, 100);
    other.reset(new LogPosition(5, 40));

    SharedWal reopened = bench.open();
    GroupLog again = reopened.open(key(1));
    assertThat(again.cutAt()).isEqualTo(new LogPosition(1, 4));
    assertThat(again.firstIndex()).isEqualTo(5);
    assertThat(again.lastIndex()).isEqualTo(8);
    assertThat(again.term(8)).hasValue(2);
    assertThat(again.term(4)).hasValue(1);
    assertThat(again.term(3)).isEmpty();
    assertThat(again.read(8)).contains(entry(key(1), 2, 8, 50));
    GroupLog otherAgain = reopened.open(key(2));
    assertThat(otherAgain.lastIndex()).isEqualTo(40);
    assertThat(otherAgain.firstIndex()).isEqualTo(41);
    assertThat(otherAgain.term(40)).hasValue(5);
  }

  @Test
  void aCutBehindTheEndEmptiesTheLog() throws WalFull {
    GroupLog log = bench.open().open(key(1));
    append(log, 3, 100);
    log.truncatePrefix(new LogPosition(2, 9));
    assertThat(log.firstIndex()).isEqualTo(10);
    assertThat(log.lastIndex()).isEqualTo(9);
  }

  @Test
  void whatDoesNotFollowIsRefused() throws WalFull {
    GroupLog log = bench.open().open(key(1));
    append(log, 3, 100);
    assertThatThrownBy(() -> log.append(List.of(entry(key(1), 1, 5, 50))))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> log.append(List.of(entry(key(1), 0, 4, 50))))
        .isInstanceOf(IllegalArgumentException.class);
    log.truncatePrefix(new LogPosition(1, 2));
    assertThatThrownBy(() -> log.truncateSuffix(1)).isInstanceOf(IllegalArgumentException.class);
    assertThat(log.lastIndex()).isEqualTo(3);
  }

  @Test
  void configurationEntriesAreFoundWithoutReadingTheOthers() throws WalFull {
    GroupLog log = bench.open().open(key(1));
    append(log, 3, 100);
    LogRecord configuration =
        new LogRecord(4, 1, LogRecord.Kind.CONFIGURATION, ByteBuffer.wrap(new byte[] {1}));
    log.append(List.of(configuration, entry(key(1), 1, 5, 24)));
    assertThat(log.configurations()).containsExactly(configuration);
    assertThat(bench.open().open(key(1)).configurations()).containsExactly(configuration);
    log.truncateSuffix(3);
    assertThat(log.configurations()).isEmpty();
  }

  @Test
  void aPurgedGroupKeepsItsPromise() throws WalFull {
    SharedWal wal = bench.open();
    GroupLog log = wal.open(key(1));
    append(log, 3, 100);
    log.saveHardState(vote(6, 2));
    wal.purge(key(1));
    wal.purge(key(1));
    assertThat(wal.groups()).isEmpty();
    assertThatThrownBy(() -> append(log, 1, 24))
        .isInstanceOfSatisfying(
            KurveException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.REFUSED));

    SharedWal reopened = bench.open();
    assertThat(reopened.group(key(1))).isEmpty();
    GroupLog anew = reopened.open(key(1));
    assertThat(anew.hardState()).isEqualTo(vote(6, 2));
    assertThat(anew.lastIndex()).isZero();
  }

  @Test
  void foundersAndStoreStateSurvive() {
    SharedWal wal = bench.open();
    Membership founders = new Membership(List.of(replica(1), replica(2)), List.of(replica(3)));
    assertThat(wal.found(key(1), founders).group()).isEqualTo(key(1));
    assertThat(wal.storeState()).isEmpty();
    wal.saveStoreState(new byte[] {1, 2, 3});

    SharedWal reopened = bench.open();
    assertThat(reopened.founders(key(1))).contains(founders);
    assertThat(reopened.founders(key(2))).isEmpty();
    assertThat(reopened.storeState()).containsExactly(1, 2, 3);
    assertThat(reopened.groups()).containsExactly(key(1));
  }

  @Test
  void longAppendsSpanFrames() throws WalFull {
    GroupLog log = bench.open().open(key(1));
    append(log, 20, 5000);
    assertThat(readAll(log)).isEqualTo(readAll(bench.open().open(key(1))));
    assertThatThrownBy(() -> append(log, 1, WalBench.SEGMENT_BYTES))
        .isInstanceOfSatisfying(
            KurveException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID_ARGUMENT));
  }

  @Test
  void rule09AFullWalAnswersBeforeItAppendsAndKeepsAReserve() throws WalFull {
    SharedWal wal = bench.open();
    GroupLog busy = wal.open(key(1));
    GroupLog idle = wal.open(key(2));
    append(idle, 1, 100);
    long appended = fill(busy);
    assertThat(appended).isGreaterThan(35);
    assertThat(busy.lastIndex()).isEqualTo(appended);
    assertThat(wal.pinning())
        .containsExactly(
            new SharedWal.Pin(
                key(1), wal.pinning().getFirst().cutAt(), wal.pinning().getFirst().bytes()),
            new SharedWal.Pin(key(2), 1, wal.pinning().getLast().bytes()));

    // Terms, votes and restarts go on.
    for (int term = 1; term <= 12; term++) {
      idle.saveHardState(vote(term, 1));
    }
    SharedWal reopened = bench.open();
    GroupLog busyAgain = reopened.open(key(1));
    GroupLog idleAgain = reopened.open(key(2));
    assertThatThrownBy(() -> append(busyAgain, 1, 4096)).isInstanceOf(WalFull.class);
    assertThat(idleAgain.hardState()).isEqualTo(vote(12, 1));
    long usedBefore = reopened.space().usedBytes();

    for (SharedWal.Pin pin : reopened.pinning()) {
      reopened.group(pin.group()).orElseThrow().truncatePrefix(new LogPosition(1, pin.cutAt()));
    }
    assertThat(reopened.space().usedBytes()).isLessThan(usedBefore);
    busyAgain.truncatePrefix(new LogPosition(1, appended));
    assertThat(fill(busyAgain)).isGreaterThan(35);
    assertThat(readAll(bench.open().open(key(1)))).isEqualTo(readAll(busyAgain));
  }

  @Test
  void anotherStoresWalIsRefused() {
    StoreId other = new StoreId(new UUID(7, 7));
    WalConfig config =
        new WalConfig(
            WalBench.REGION,
            other,
            new StoreGeneration(5),
            WalBench.SEGMENT_BYTES,
            WalBench.config(5).bounds());
    assertBadStore(config, "has the WAL of store " + WalBench.STORE + ", not of " + other);
  }

  @Test
  void otherSizesAreRefused() {
    WalConfig config =
        WalConfig.withDefaults(
            new Region(8192, 4 * WalBench.SEGMENT_BYTES * 2),
            WalBench.STORE,
            new StoreGeneration(5));
    assertThat(config.segmentBytes()).isEqualTo(WalBench.SEGMENT_BYTES);
    WalConfig shorter =
        new WalConfig(
            new Region(8192, 4 * WalBench.SEGMENT_BYTES),
            WalBench.STORE,
            new StoreGeneration(5),
            WalBench.SEGMENT_BYTES,
            config.bounds());
    assertBadStore(shorter, "formatted with 8 segments");
  }

  @Test
  void rule18AGenerationThatIsNotNewIsRefused() {
    assertThat(bench.open().groups()).isEmpty();
    assertBadStore(WalBench.config(1), "was written in start 1; this is start 1");
  }

  @Test
  void anEmptyRegionIsNoWal() {
    disk.restore(WalBench.volatileDisk(1).image());
    assertBadStore(WalBench.config(1), "has no WAL of store");
  }

  @Test
  void aClosedWalTakesNothing() throws WalFull {
    SharedWal wal = bench.open();
    GroupLog log = wal.open(key(1));
    append(log, 1, 100);
    wal.close();
    assertThatThrownBy(() -> append(log, 1, 100))
        .isInstanceOfSatisfying(
            KurveException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.UNAVAILABLE));
    assertThat(log.read(1)).isPresent();
  }

  private void assertBadStore(WalConfig config, String text) {
    assertThatThrownBy(() ->
            SharedWal.open(
                disk, config, new HaltingFaultHandler(), new WalMetrics(new CollectorRegistry())))
        .isInstanceOfSatisfying(
            KurveException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.BAD_STORE))
        .hasMessageContaining(text);
  }

  /** Appends blocks until the WAL is full; returns how many. */
  private static long fill(GroupLog log) {
    long before = log.lastIndex();
    try {
      while (true) {
        append(log, 1, 4096);
      }
    } catch (WalFull full) {
      return log.lastIndex() - before;
    }
  }
}
