package io.kurve.consensus.jraft;

import io.kurve.consensus.wal.GroupLog;
import io.kurve.consensus.wal.GroupLogs;
import io.kurve.consensus.wal.LogRecord;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.FaultHandler;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.log.LogPosition;
import io.kurve.core.log.Membership;
import io.kurve.core.log.ReplicatedLogs.LogSpace;
import io.kurve.testkit.failure.HaltingFaultHandler;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CountDownLatch;

/** A WAL that is durable at once and can be told to fail, to stall or to be full. */
final class InMemoryGroupLogs implements GroupLogs {
  /** The same disk through several processes. */
  static final class Wal implements MachineWal {
    private InMemoryGroupLogs logs = new InMemoryGroupLogs(new HaltingFaultHandler());

    InMemoryGroupLogs logs() {
      return logs;
    }

    @Override
    public GroupLogs start(FaultHandler faults) {
      logs = logs.reopened(faults);
      return logs;
    }

    @Override
    public void losePower() {
      // What the process still writes while it is taken down is not on the disk of the next.
      logs = logs.reopened(new HaltingFaultHandler());
    }
  }

  private final NavigableMap<CopysetKey, Group> groups = new ConcurrentSkipListMap<>();
  private volatile FaultHandler faults;
  private volatile boolean failsAppends;
  private volatile boolean failsVotes;
  private volatile boolean lacksRoomForVotes;
  private volatile boolean failsReads;
  private volatile LogSpace space = new LogSpace(0, 100);
  private final Map<String, Integer> readers = new ConcurrentHashMap<>();
  private volatile CountDownLatch appendsPass = new CountDownLatch(0);

  InMemoryGroupLogs(FaultHandler faults) {
    this.faults = faults;
  }

  /** A new process on the same disk. */
  InMemoryGroupLogs reopened(FaultHandler newFaults) {
    InMemoryGroupLogs next = new InMemoryGroupLogs(newFaults);
    groups.forEach((key, group) -> next.groups.put(key, next.new Group(group)));
    return next;
  }

  void failAppends() {
    failsAppends = true;
  }

  void failVotes() {
    failsVotes = true;
  }

  /** Whether not even the reserve has room. */
  void lackRoomForVotes(boolean lacks) {
    lacksRoomForVotes = lacks;
  }

  void failReads() {
    failsReads = true;
  }

  /** How many entries were read by the threads of each name. */
  Map<String, Integer> readers() {
    return readers;
  }

  void space(long used, long total) {
    space = new LogSpace(used, total);
  }

  /** What shortens the log hangs with them. */
  CountDownLatch stallAppends() {
    CountDownLatch latch = new CountDownLatch(1);
    appendsPass = latch;
    return latch;
  }

  private void awaitAppendsPass() {
    try {
      appendsPass.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  @Override
  public Set<CopysetKey> groups() {
    return groups.keySet();
  }

  @Override
  public GroupLog found(CopysetKey group, Membership founders) {
    return groups.computeIfAbsent(group, key -> new Group(key, founders));
  }

  @Override
  public Optional<Membership> founders(CopysetKey group) {
    return Optional.ofNullable(groups.get(group)).map(found -> found.founders);
  }

  @Override
  public void purge(CopysetKey group) {
    groups.remove(group);
  }

  @Override
  public LogSpace space() {
    return space;
  }

  private final class Group implements GroupLog {
    private final CopysetKey key;
    private final Membership founders;
    private final TreeMap<Long, LogRecord> records = new TreeMap<>();
    private HardState state = new HardState(0, Optional.empty());
    private LogPosition cut = LogPosition.BEFORE_ALL;

    Group(CopysetKey key, Membership founders) {
      this.key = key;
      this.founders = founders;
    }

    Group(Group other) {
      synchronized (other) {
        this.key = other.key;
        this.founders = other.founders;
        this.records.putAll(other.records);
        this.state = other.state;
        this.cut = other.cut;
      }
    }

    @Override
    public CopysetKey group() {
      return key;
    }

    @Override
    public synchronized HardState hardState() {
      return state;
    }

    @Override
    public synchronized void saveHardState(HardState next) {
      if (failsVotes) {
        throw faults.halt(key + ": vote not written", new IOException("told to fail"));
      }
      if (lacksRoomForVotes) {
        throw new KurveException(ErrorCode.OVERLOAD, "its reserve is used up", "wait");
      }
      // As the WAL does.
      boolean newTerm = next.term() > state.term();
      boolean firstVote = next.term() == state.term() && state.votedFor().isEmpty();
      if (!next.equals(state) && !newTerm && !firstVote) {
        throw new IllegalStateException(key + " promised " + state + ", not " + next);
      }
      state = next;
    }

    @Override
    public synchronized long firstIndex() {
      return cut.index() + 1;
    }

    @Override
    public synchronized long lastIndex() {
      return records.isEmpty() ? cut.index() : records.lastKey();
    }

    @Override
    public long durableIndex() {
      return lastIndex();
    }

    @Override
    public synchronized OptionalLong term(long index) {
      if (index == cut.index()) {
        return OptionalLong.of(cut.term());
      }
      LogRecord record = records.get(index);
      return record == null ? OptionalLong.empty() : OptionalLong.of(record.term());
    }

    @Override
    public synchronized Optional<LogRecord> read(long index) {
      readers.merge(Thread.currentThread().getName(), 1, Integer::sum);
      if (failsReads) {
        throw new KurveException(ErrorCode.BAD_STORE, key + ": told to fail", "");
      }
      return Optional.ofNullable(records.get(index));
    }

    @Override
    public synchronized LogPosition cutAt() {
      return cut;
    }

    @Override
    public void append(List<LogRecord> more) {
      awaitAppendsPass();
      synchronized (this) {
        if (failsAppends) {
          throw faults.halt(key + ": append not written", new IOException("told to fail"));
        }
        for (LogRecord record : more) {
          if (record.index() != lastIndex() + 1) {
            throw new IllegalStateException(record.index() + " after " + lastIndex());
          }
          ByteBuffer copy =
              ByteBuffer.allocate(record.payload().remaining()).put(record.payload().slice());
          records.put(
              record.index(),
              new LogRecord(record.index(), record.term(), record.kind(), copy.flip()));
        }
      }
    }

    @Override
    public synchronized void truncatePrefix(LogPosition position) {
      if (position.index() > lastIndex()) {
        throw new IllegalStateException("cut at " + position + " after " + lastIndex());
      }
      records.headMap(position.index(), true).clear();
      cut = position;
    }

    @Override
    public void truncateSuffix(long lastKept) {
      awaitAppendsPass();
      synchronized (this) {
        records.tailMap(lastKept, false).clear();
      }
    }

    @Override
    public synchronized void reset(LogPosition position) {
      records.clear();
      cut = position;
    }
  }
}
