package io.kurve.consensus.wal;

import io.kurve.consensus.wal.GroupLog.HardState;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.log.LogPosition;
import io.kurve.core.log.Membership;
import java.util.List;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeSet;
import java.util.concurrent.locks.ReentrantLock;

/**
 * What the disk says of one group, and nothing else: it changes by {@link #replay} only, with a
 * record that is durable already. Its lock is held for memory work only, so that readers don't wait
 * for the disk.
 */
final class GroupState {
  private final CopysetKey group;
  private final Membership founders;

  /** One change of the log at a time. Taken before {@link #promising}. */
  private final ReentrantLock changing = new ReentrantLock();

  /** One change of term and vote at a time. */
  private final ReentrantLock promising = new ReentrantLock();

  /** Guards what follows. */
  private final ReentrantLock memory = new ReentrantLock();

  private EntryIndex entries = new EntryIndex();

  /** Entries that were written again, until the record that makes them count. */
  private EntryIndex again = new EntryIndex();

  /** The indexes of configuration entries. */
  private final NavigableSet<Long> configurations = new TreeSet<>();

  private HardState hardState;
  private LogPosition cut = LogPosition.BEFORE_ALL;
  private long shortenings;
  private boolean purged;

  GroupState(CopysetKey group, Membership founders, HardState hardState) {
    this.group = group;
    this.founders = founders;
    this.hardState = hardState;
  }

  /** Consecutive entries, and what they take as records. */
  record Span(long first, long last, int recordBytes) {}

  /** Where an entry lies. */
  record Located(long address, int bodyBytes, long term) {}

  CopysetKey group() {
    return group;
  }

  Membership founders() {
    return founders;
  }

  ReentrantLock changing() {
    return changing;
  }

  ReentrantLock promising() {
    return promising;
  }

  void replay(WalRecord record, long address) {
    memory.lock();
    try {
      switch (record.type()) {
        case ENTRY_DATA, ENTRY_CONFIGURATION, ENTRY_NO_OP -> {
          if (record.index() != entries.lastIndex() + 1) {
            throw new WalRecord.MalformedFrame(
                group + ": entry " + record.index() + " follows " + entries.lastIndex());
          }
          entries.add(record.term(), address, record.body().remaining());
          if (record.type() == WalRecord.Type.ENTRY_CONFIGURATION) {
            configurations.add(record.index());
          }
        }
        case AGAIN_DATA, AGAIN_CONFIGURATION, AGAIN_NO_OP -> {
          // A recovery may begin in the middle, behind what was cut later; what was broken off
          // begins anew.
          if (record.index() != again.lastIndex() + 1) {
            again.startAt(record.index());
          }
          again.add(record.term(), address, record.body().remaining());
          if (record.type() == WalRecord.Type.AGAIN_CONFIGURATION) {
            configurations.add(record.index());
          }
        }
        case MOVED -> {
          if (entries.lastIndex() != record.index()) {
            throw new WalRecord.MalformedFrame(
                group + ": moved up to " + record.index() + ", not to " + entries.lastIndex());
          }
          // Else a recovery began behind them: then a later cut has made them superfluous.
          if (!again.isEmpty() && again.lastIndex() == record.index()) {
            entries = again;
            entries.dropBefore(cut.index() + 1);
          }
          again = new EntryIndex();
        }
        case HARD_STATE ->
            hardState = new HardState(record.term(), ReplicaIds.toVote(record.body()));
        case CUT -> {
          cut = record.position();
          entries.dropBefore(cut.index() + 1);
          configurations.headSet(cut.index(), true).clear();
        }
        case LAST -> entries.startAt(record.index() + 1);
        case TRUNCATE_SUFFIX -> {
          shortenings++;
          entries.dropAfter(record.index());
          configurations.tailSet(record.index(), false).clear();
        }
        case RESET -> {
          shortenings++;
          cut = record.position();
          entries.startAt(cut.index() + 1);
          configurations.clear();
        }
        case TOMBSTONE -> {
          shortenings++;
          purged = true;
        }
        case MEMBER, STORE_STATE, GENERATION_START ->
            throw new WalRecord.MalformedFrame(record.type() + " does not change a group");
      }
    } finally {
      memory.unlock();
    }
  }

  /** The records that say all of it but the entries. */
  List<WalRecord> image() {
    memory.lock();
    try {
      long last = entries.lastIndex();
      LogPosition lastAt =
          entries.isEmpty() ? cut : new LogPosition(entries.term(last), entries.lastIndex());
      return List.of(
          WalRecord.of(
              WalRecord.Type.MEMBER,
              group,
              LogPosition.BEFORE_ALL,
              ReplicaIds.ofMembership(founders)),
          WalRecord.of(
              WalRecord.Type.HARD_STATE,
              group,
              new LogPosition(hardState.term(), 0),
              ReplicaIds.ofVote(hardState.votedFor())),
          WalRecord.of(WalRecord.Type.CUT, group, cut),
          WalRecord.of(WalRecord.Type.LAST, group, lastAt));
    } finally {
      memory.unlock();
    }
  }

  HardState hardState() {
    memory.lock();
    try {
      return hardState;
    } finally {
      memory.unlock();
    }
  }

  LogPosition cut() {
    memory.lock();
    try {
      return cut;
    } finally {
      memory.unlock();
    }
  }

  long lastIndex() {
    memory.lock();
    try {
      return entries.lastIndex();
    } finally {
      memory.unlock();
    }
  }

  boolean isPurged() {
    memory.lock();
    try {
      return purged;
    } finally {
      memory.unlock();
    }
  }

  List<Long> configurations() {
    memory.lock();
    try {
      return List.copyOf(configurations);
    } finally {
      memory.unlock();
    }
  }

  OptionalLong term(long index) {
    memory.lock();
    try {
      if (index == cut.index()) {
        return OptionalLong.of(cut.term());
      }
      return entries.holds(index) ? OptionalLong.of(entries.term(index)) : OptionalLong.empty();
    } finally {
      memory.unlock();
    }
  }

  Optional<Located> locate(long index) {
    memory.lock();
    try {
      return entries.holds(index)
          ? Optional.of(
              new Located(entries.address(index), entries.bodyBytes(index), entries.term(index)))
          : Optional.empty();
    } finally {
      memory.unlock();
    }
  }

  /** Where the oldest entry that is still needed lies. */
  OptionalLong firstAddress() {
    memory.lock();
    try {
      return entries.isEmpty()
          ? OptionalLong.empty()
          : OptionalLong.of(entries.address(entries.firstIndex()));
    } finally {
      memory.unlock();
    }
  }

  /** Of the entries that are still needed. */
  long bytes() {
    memory.lock();
    try {
      long bytes = 0;
      for (long index = entries.firstIndex(); index <= entries.lastIndex(); index++) {
        bytes += WalRecord.bytes(entries.bodyBytes(index));
      }
      return bytes;
    } finally {
      memory.unlock();
    }
  }

  /** How often entries were dropped otherwise than by a cut. */
  long shortenings() {
    memory.lock();
    try {
      return shortenings;
    } finally {
      memory.unlock();
    }
  }

  /** As many of these entries as take so many bytes as records, or the first; empty without one. */
  Optional<Span> span(long from, long to, int mostBytes) {
    memory.lock();
    try {
      long first = Math.max(from, entries.firstIndex());
      long last = Math.min(to, entries.lastIndex());
      if (first > last) {
        return Optional.empty();
      }
      int bytes = WalRecord.bytes(entries.bodyBytes(first));
      long end = first;
      while (end < last && bytes + WalRecord.bytes(entries.bodyBytes(end + 1)) <= mostBytes) {
        bytes += WalRecord.bytes(entries.bodyBytes(++end));
      }
      return Optional.of(new Span(first, end, bytes));
    } finally {
      memory.unlock();
    }
  }

  /** The last entry that lies before this address; at least one does. */
  long lastIndexBefore(long address) {
    memory.lock();
    try {
      long index = entries.firstIndex();
      while (entries.holds(index + 1) && entries.address(index + 1) < address) {
        index++;
      }
      return index;
    } finally {
      memory.unlock();
    }
  }

  /** False when entries between the cut and the first one that was found are missing. */
  boolean isWhole() {
    memory.lock();
    try {
      return entries.firstIndex() == cut.index() + 1;
    } finally {
      memory.unlock();
    }
  }
}
