package io.kurve.consensus.jraft;

import com.alipay.sofa.jraft.entity.EnumOutter.EntryType;
import com.alipay.sofa.jraft.entity.LogEntry;
import com.alipay.sofa.jraft.entity.LogId;
import com.alipay.sofa.jraft.option.LogStorageOptions;
import com.alipay.sofa.jraft.storage.LogStorage;
import io.kurve.consensus.wal.GroupLog;
import io.kurve.consensus.wal.GroupLog.WalFull;
import io.kurve.consensus.wal.LogRecord;
import io.kurve.core.failure.FaultHandler;
import io.kurve.core.failure.KurveException;
import io.kurve.core.log.LogPosition;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A replica's log on the shared WAL. jraft calls the methods that change it on one thread of the
 * replica's own, which waits there for the sync together with those of other replicas.
 *
 * <p>A data entry's bytes go to the WAL as they are; membership entries are encoded by {@link
 * GroupConfiguration}.
 */
final class WalLogStorage implements LogStorage {
  /** A follower's ring is full only when {@link ReplicaInbox} let too much in at once. */
  private static final Duration FULL_DEADLINE = Duration.ofSeconds(60);

  /** From here on who waits is told that it was the log that took so long. */
  private static final Duration SLOW = Duration.ofMillis(100);

  private static final Duration FULL_PAUSE = Duration.ofMillis(20);

  private final GroupLog log;
  private final DurableIndex durable;
  private final Consumer<GroupConfiguration> members;
  private final CheckpointStorage checkpoints;
  private final BiConsumer<ByteBuffer, Duration> slow;
  private final FaultHandler faults;

  /**
   * @param members told of each entry that names them, before it is durable
   */
  WalLogStorage(
      GroupLog log,
      DurableIndex durable,
      Consumer<GroupConfiguration> members,
      CheckpointStorage checkpoints,
      BiConsumer<ByteBuffer, Duration> slow,
      FaultHandler faults) {
    this.log = log;
    this.durable = durable;
    this.members = members;
    this.checkpoints = checkpoints;
    this.slow = slow;
    this.faults = faults;
  }

  @Override
  public boolean init(LogStorageOptions options) {
    for (LogRecord record : log.configurations()) {
      GroupConfiguration configuration = GroupConfiguration.decode(record.payload());
      // Only here: an entry that is appended later is added by jraft itself.
      options
          .getConfigurationManager()
          .add(configuration.toConfigurationEntry(new LogId(record.index(), record.term())));
      members.accept(configuration);
    }
    return true;
  }

  @Override
  public void shutdown() {
    // The WAL outlives its replicas.
  }

  @Override
  public long getFirstLogIndex() {
    return log.firstIndex();
  }

  @Override
  public long getLastLogIndex() {
    return log.lastIndex();
  }

  /** Not read before jraft asks for more than its term, which is all that a heartbeat needs. */
  @Override
  public @Nullable LogEntry getEntry(long index) {
    Supplier<Optional<LogRecord>> reading = log.reading(index);
    OptionalLong term = log.term(index);
    return term.isEmpty() || index < log.firstIndex() || index > log.lastIndex()
        ? null
        : new StoredEntry(new LogId(index, term.getAsLong()), () -> read(index, reading));
  }

  /**
   * A checkpoint may cut the entry before it is read here, for a follower that is behind. Ends the
   * process when it can't be read: jraft holds a follower's lock here and never gives it back when
   * this throws, so that the copyset would stand still for ever, silently.
   */
  private LogEntry read(long index, Supplier<Optional<LogRecord>> reading) {
    try {
      return entry(reading.get().orElseThrow());
    } catch (KurveException | NoSuchElementException unreadable) {
      throw faults.halt(
          "entry " + index + " of " + log.group() + " can't be read back", unreadable);
    }
  }

  static LogEntry entry(LogRecord record) {
    LogId id = new LogId(record.index(), record.term());
    return switch (record.kind()) {
      case CONFIGURATION -> GroupConfiguration.decode(record.payload()).toEntry(id);
      case DATA -> entry(EntryType.ENTRY_TYPE_DATA, id, record.payload());
      case NO_OP -> entry(EntryType.ENTRY_TYPE_NO_OP, id, record.payload());
    };
  }

  private static LogEntry entry(EntryType type, LogId id, ByteBuffer payload) {
    LogEntry entry = new LogEntry(type);
    entry.setId(id);
    entry.setData(payload);
    return entry;
  }

  @Override
  @Deprecated
  public long getTerm(long index) {
    return log.term(index).orElse(0);
  }

  @Override
  public boolean appendEntry(LogEntry entry) {
    return appendEntries(List.of(entry)) == 1;
  }

  @Override
  public int appendEntries(List<LogEntry> entries) {
    List<LogRecord> records = new ArrayList<>(entries.size());
    for (LogEntry entry : entries) {
      records.add(record(entry));
    }
    boolean appended = false;
    long begin = System.nanoTime();
    try {
      append(records);
      appended = true;
    } finally {
      if (!appended) {
        // The log ends here: who waits for an entry to become durable would wait for ever.
        durable.close();
      }
    }
    durable.set(log.durableIndex());
    Duration took = Duration.ofNanos(System.nanoTime() - begin);
    if (took.compareTo(SLOW) >= 0) {
      records.stream()
          .filter(record -> record.kind() == LogRecord.Kind.DATA)
          .forEach(record -> slow.accept(record.payload().slice(), took));
    }
    return entries.size();
  }

  private LogRecord record(LogEntry entry) {
    long index = entry.getId().getIndex();
    long term = entry.getId().getTerm();
    ByteBuffer data = entry.getData();
    return switch (entry.getType()) {
      case ENTRY_TYPE_CONFIGURATION -> {
        GroupConfiguration configuration = GroupConfiguration.of(entry);
        members.accept(configuration);
        yield new LogRecord(index, term, LogRecord.Kind.CONFIGURATION, configuration.encode());
      }
      case ENTRY_TYPE_DATA -> new LogRecord(index, term, LogRecord.Kind.DATA, data.duplicate());
      case ENTRY_TYPE_NO_OP ->
          new LogRecord(index, term, LogRecord.Kind.NO_OP, ByteBuffer.allocate(0));
      case ENTRY_TYPE_UNKNOWN ->
          throw new IllegalArgumentException("entry " + index + " of an unknown type");
    };
  }

  /**
   * A full ring is waited out: the entries are not acknowledged meanwhile, and what only waits for
   * this thread, dropping the log before a checkpoint, is done at once.
   */
  private void append(List<LogRecord> records) {
    long start = System.nanoTime();
    while (true) {
      try {
        log.append(records);
        return;
      } catch (WalFull full) {
        drop();
        try {
          if (!durable.pause(FULL_PAUSE)) {
            throw new IllegalStateException(log.group() + " closes with its log full", full);
          }
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
          throw new IllegalStateException(log.group() + " was interrupted with its log full", e);
        }
        if (System.nanoTime() - start > FULL_DEADLINE.toNanos()) {
          throw faults.halt(
              log.group() + ": the log stayed full for " + FULL_DEADLINE.toSeconds() + " s", full);
        }
      }
    }
  }

  private void drop() {
    LogPosition droppable = checkpoints.droppable();
    if (droppable.index() > log.cutAt().index() && droppable.index() <= log.lastIndex()) {
      log.truncatePrefix(droppable);
    }
  }

  @Override
  public boolean truncatePrefix(long firstKept) {
    long cut = firstKept - 1;
    if (cut <= log.cutAt().index()) {
      return true;
    }
    LogPosition position = position(cut);
    if (cut > log.lastIndex()) {
      log.reset(position);
    } else {
      log.truncatePrefix(position);
    }
    durable.set(log.durableIndex());
    return true;
  }

  @Override
  public boolean truncateSuffix(long lastKept) {
    log.truncateSuffix(lastKept);
    durable.set(log.durableIndex());
    return true;
  }

  @Override
  public boolean reset(long next) {
    log.reset(position(next - 1));
    durable.set(log.durableIndex());
    return true;
  }

  private LogPosition position(long index) {
    OptionalLong term = log.term(index);
    return new LogPosition(term.isPresent() ? term.getAsLong() : checkpoints.term(index), index);
  }
}
