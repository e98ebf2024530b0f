package io.kurve.consensus.wal;

import io.kurve.core.id.CopysetKey;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.log.LogPosition;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Supplier;
import java.util.stream.LongStream;

/**
 * One group's part of the shared WAL. Methods that change it block until the change is durable,
 * together with those of other groups; a failed write or sync goes to the fault handler and never
 * returns. Readers never wait for a sync.
 */
public interface GroupLog {
  CopysetKey group();

  HardState hardState();

  /**
   * Durable on return: the term and vote that this member promised.
   *
   * @throws io.kurve.core.failure.KurveException OVERLOAD, and nothing is promised, when the ring
   *     has no room even in its reserve
   */
  void saveHardState(HardState state);

  /** The first index still in the log; lastIndex + 1 when it is empty. */
  long firstIndex();

  long lastIndex();

  /** The last entry that is durable here. */
  long durableIndex();

  /** The term of an entry, or of the position that the log was cut at. */
  OptionalLong term(long index);

  Optional<LogRecord> read(long index);

  /**
   * The entry that is there now, to be read later: also when it is cut meanwhile, as long as its
   * place in the ring is not used anew.
   */
  default Supplier<Optional<LogRecord>> reading(long index) {
    return () -> read(index);
  }

  /** The configuration entries in the log, oldest first; asked once, at start. */
  default List<LogRecord> configurations() {
    return LongStream.rangeClosed(firstIndex(), lastIndex())
        .mapToObj(this::read)
        .flatMap(Optional::stream)
        .filter(record -> record.kind() == LogRecord.Kind.CONFIGURATION)
        .toList();
  }

  /** Where the log was cut: everything up to here is in a checkpoint. */
  LogPosition cutAt();

  /**
   * Appends consecutive entries after the last one.
   *
   * @throws WalFull before anything is appended, when the ring has no room
   */
  void append(List<LogRecord> records) throws WalFull;

  /** Entries up to this position are not needed any more. */
  void truncatePrefix(LogPosition cut);

  void truncateSuffix(long lastKept);

  /** Empties the log; the next entry has the index after this position. */
  void reset(LogPosition cut);

  record HardState(long term, Optional<ReplicaId> votedFor) {}

  /** The ring is full until checkpoints let it be trimmed. */
  final class WalFull extends Exception {
    private static final long serialVersionUID = 1;

    public WalFull(String message) {
      super(message);
    }
  }
}
