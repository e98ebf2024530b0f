package io.kurve.consensus.wal;

import static io.kurve.consensus.wal.WalBench.entry;
import static io.kurve.consensus.wal.WalBench.key;
import static io.kurve.consensus.wal.WalBench.vote;
import static org.assertj.core.api.Assertions.assertThat;

import io.kurve.consensus.wal.GroupLog.HardState;
import io.kurve.consensus.wal.GroupLog.WalFull;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.log.LogPosition;
import io.kurve.testkit.disk.PowerLoss;
import io.kurve.testkit.disk.VolatileDisk;
import io.kurve.testkit.time.SeededRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/**
 * Random operations, power lost at random or at every disk operation. What was acknowledged is
 * there; what was under way happened, did not, or (an append) happened for its first entries.
 */
class WalModelTest {
  private static final int GROUPS = 4;

  @Test
  void manySeedsWithManyCrashes() {
    for (long seed = 0; seed < 30; seed++) {
      Run run = new Run(seed);
      for (int life = 0; life < 20; life++) {
        run.live(1 + run.random.nextInt(60));
      }
    }
  }

  @Test
  void crashAtEveryOperation() {
    for (long seed = 1000; seed < 1002; seed++) {
      for (int operation = 1; operation <= 100; operation++) {
        Run run = new Run(seed);
        run.live(operation);
        run.live(10);
      }
    }
  }

  private record GroupView(HardState promised, LogPosition cut, List<LogRecord> entries) {
    static GroupView ofNew(HardState promised) {
      return new GroupView(promised, LogPosition.BEFORE_ALL, List.of());
    }

    long last() {
      return cut.index() + entries.size();
    }

    GroupView promising(HardState state) {
      return new GroupView(state, cut, entries);
    }

    GroupView with(List<LogRecord> more) {
      List<LogRecord> all = new ArrayList<>(entries);
      all.addAll(more);
      return new GroupView(promised, cut, all);
    }

    GroupView cutAt(LogPosition at) {
      int dropped = (int) Math.min(entries.size(), at.index() - cut.index());
      return new GroupView(promised, at, entries.subList(dropped, entries.size()));
    }

    GroupView endingAt(long index) {
      return new GroupView(promised, cut, entries.subList(0, (int) (index - cut.index())));
    }
  }

  private record State(
      SortedMap<CopysetKey, GroupView> groups,
      SortedMap<CopysetKey, HardState> tombstones,
      byte[] storeState) {
    State with(CopysetKey key, GroupView group) {
      SortedMap<CopysetKey, GroupView> changed = new TreeMap<>(groups);
      changed.put(key, group);
      SortedMap<CopysetKey, HardState> buried = new TreeMap<>(tombstones);
      buried.remove(key);
      return new State(changed, buried, storeState);
    }

    State without(CopysetKey key, HardState promised) {
      SortedMap<CopysetKey, GroupView> changed = new TreeMap<>(groups);
      changed.remove(key);
      SortedMap<CopysetKey, HardState> buried = new TreeMap<>(tombstones);
      buried.put(key, promised);
      return new State(changed, buried, storeState);
    }
  }

  private static final class Run {
    private final SeededRandom random;
    private final VolatileDisk disk;
    private final WalBench bench;
    private final long seed;
    private State state = new State(new TreeMap<>(), new TreeMap<>(), new byte[0]);
    private List<State> possible = List.of(state);
    private long term = 1;

    Run(long seed) {
      this.seed = seed;
      this.random = new SeededRandom(seed);
      this.disk = WalBench.volatileDisk(random.nextLong());
      this.bench = new WalBench(disk);
    }

    /** From a start to the loss of power at this disk operation, and the check after it. */
    void live(int operations) {
      disk.losePowerAt(operations);
      try {
        SharedWal wal = bench.open();
        while (true) {
          try {
            step(wal);
          } catch (KurveException overload) {
            assertThat(overload.code()).isEqualTo(ErrorCode.OVERLOAD);
            // Nothing happened; what frees the ring still has room.
            state = possible.getFirst();
            cutAll(wal);
          }
          possible = List.of(state);
        }
      } catch (PowerLoss expected) {
        disk.restart();
      }
      SharedWal wal = bench.open();
      assertThat(possible)
          .as("seed %s", seed)
          .anySatisfy(outcome -> {
            assertThat(groupsOf(wal)).isEqualTo(outcome.groups);
            assertThat(wal.storeState()).isEqualTo(outcome.storeState);
            state = outcome;
          });
      possible = List.of(state);
    }

    private void step(SharedWal wal) {
      CopysetKey key = key(1 + random.nextInt(GROUPS));
      GroupView view = state.groups.get(key);
      if (view == null) {
        HardState promised = state.tombstones.getOrDefault(key, new HardState(0, Optional.empty()));
        begin(state.with(key, GroupView.ofNew(promised)));
        state = possible.getLast();
        assertThat(wal.open(key).hardState()).isEqualTo(promised);
        return;
      }
      GroupLog log = wal.group(key).orElseThrow();
      switch (random.nextInt(12)) {
        case 0 -> promise(log, view);
        case 1 -> {
          byte[] mark = {(byte) random.nextInt(100)};
          begin(new State(state.groups, state.tombstones, mark));
          wal.saveStoreState(mark);
          state = possible.getLast();
        }
        case 2 -> truncateSuffix(log, view);
        case 3, 4 -> cut(log, view, random.nextInt(view.entries.size() + 1));
        case 5 -> rarely(wal, log, view);
        default -> append(log, view);
      }
    }

    private void promise(GroupLog log, GroupView view) {
      HardState next = vote(view.promised.term() + 1, 1 + random.nextInt(3));
      begin(state.with(log.group(), view.promising(next)));
      log.saveHardState(next);
      state = possible.getLast();
    }

    private void truncateSuffix(GroupLog log, GroupView view) {
      long kept = view.last() - random.nextInt(Math.min(3, view.entries.size() + 1));
      term++;
      begin(state.with(log.group(), view.endingAt(kept)));
      log.truncateSuffix(kept);
      state = possible.getLast();
    }

    private void cut(GroupLog log, GroupView view, int entries) {
      if (entries == 0) {
        return;
      }
      LogPosition at =
          new LogPosition(
              log.term(view.cut.index() + entries).orElseThrow(), view.cut.index() + entries);
      begin(state.with(log.group(), view.cutAt(at)));
      log.truncatePrefix(at);
      state = possible.getLast();
    }

    private void cutAll(SharedWal wal) {
      for (CopysetKey key : List.copyOf(state.groups.keySet())) {
        GroupView view = Objects.requireNonNull(state.groups.get(key));
        cut(wal.group(key).orElseThrow(), view, view.entries.size());
      }
    }

    private void rarely(SharedWal wal, GroupLog log, GroupView view) {
      if (random.chance(2)) {
        LogPosition at = new LogPosition(term, view.last() + 1 + random.nextInt(5));
        begin(state.with(log.group(), new GroupView(view.promised, at, List.of())));
        log.reset(at);
      } else {
        begin(state.without(log.group(), view.promised));
        wal.purge(log.group());
      }
      state = possible.getLast();
    }

    private void append(GroupLog log, GroupView view) {
      int count = 1 + random.nextInt(8);
      List<LogRecord> entries = new ArrayList<>();
      List<State> outcomes = new ArrayList<>(List.of(state));
      for (int i = 1; i <= count; i++) {
        entries.add(entry(log.group(), term, view.last() + i, 24 + random.nextInt(9000)));
        outcomes.add(state.with(log.group(), view.with(entries)));
      }
      possible = outcomes;
      try {
        log.append(entries);
        state = possible.getLast();
      } catch (WalFull full) {
        cut(log, view, view.entries.size());
      }
    }

    private void begin(State after) {
      possible = List.of(state, after);
    }

    private static SortedMap<CopysetKey, GroupView> groupsOf(SharedWal wal) {
      SortedMap<CopysetKey, GroupView> groups = new TreeMap<>();
      for (CopysetKey key : wal.groups()) {
        GroupLog log = wal.group(key).orElseThrow();
        groups.put(key, new GroupView(log.hardState(), log.cutAt(), WalBench.readAll(log)));
      }
      return groups;
    }
  }
}
