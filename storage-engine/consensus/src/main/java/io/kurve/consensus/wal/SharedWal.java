package io.kurve.consensus.wal;

import io.kurve.consensus.wal.GroupCommit.Urgency;
import io.kurve.consensus.wal.GroupLog.WalFull;
import io.kurve.core.disk.Disk;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.FaultHandler;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.id.StoreGeneration;
import io.kurve.core.log.LogPosition;
import io.kurve.core.log.Membership;
import io.kurve.core.log.ReplicatedLogs.LogSpace;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;

/**
 * The log of all groups of one store, in a ring on its disk; {@link FrameHeader} draws it.
 *
 * <p>What a method changes is durable when it returns. A write that fails goes to the fault handler
 * and nobody is answered. A group's cut frees the ring up to the first segment that some group
 * still needs an entry of; {@link #pinning} tells whose that is.
 */
public final class SharedWal implements GroupLogs, AutoCloseable {
  private final SegmentLayout layout;
  private final GroupTable table;
  private final GroupCommit commit;
  private final EntryReader reader;

  /** One change of who is a member at a time. */
  private final ReentrantLock membership = new ReentrantLock();

  /** One move at a time. */
  private final ReentrantLock moving = new ReentrantLock();

  private SharedWal(
      SegmentLayout layout, GroupTable table, GroupCommit commit, EntryReader reader) {
    this.layout = layout;
    this.table = table;
    this.commit = commit;
    this.reader = reader;
  }

  /** Makes an empty WAL of generation 0; what the region held is gone. */
  public static void format(Disk disk, WalConfig config) throws IOException {
    SegmentLayout layout = SegmentLayout.of(config);
    for (int slot = 0; slot < layout.segmentCount(); slot++) {
      disk.writeDurably(layout.slotOffset(slot), Disk.allocateAligned(Disk.ALIGNMENT));
    }
    WalConfig unstarted =
        new WalConfig(
            config.region(),
            config.store(),
            new StoreGeneration(0),
            config.segmentBytes(),
            config.bounds());
    new RingWriter(disk, unstarted, new GroupTable(), RingWriter.Tail.beforeFirst()).writeHead();
  }

  /**
   * Recovers the log, makes its last frame durable once more (it may have been read from the
   * drive's own cache only) and starts the new generation.
   *
   * @throws KurveException {@link ErrorCode#BAD_STORE} when it is not this store's, newer than this
   *     program, or was opened in this generation or a later one before
   */
  public static WalOpening open(
      Disk disk, WalConfig config, FaultHandler faults, WalMetrics metrics) {
    return switch (new WalRecovery(disk, config).recover()) {
      case WalRecovery.Broken(WalOpening.Damaged damage) -> damage;
      case WalRecovery.Recovered recovered ->
          new WalOpening.Opened(start(disk, config, faults, metrics, recovered));
    };
  }

  private static SharedWal start(
      Disk disk,
      WalConfig config,
      FaultHandler faults,
      WalMetrics metrics,
      WalRecovery.Recovered recovered) {
    FrameHeader last = recovered.last();
    if (last.order().generation() >= config.generation().value()) {
      throw new KurveException(
          ErrorCode.BAD_STORE,
          "the WAL of "
              + disk.name()
              + " was written in start "
              + last.order().generation()
              + "; this is start "
              + config.generation().value(),
          "the superblock is older than the WAL, or another process has the disk");
    }
    SegmentLayout layout = SegmentLayout.of(config);
    try {
      disk.writeDurably(
          layout.diskOffset(last.place().segment(), last.place().position()),
          recovered.lastFrame());
    } catch (IOException e) {
      throw faults.halt("the shared WAL of " + disk.name() + " can't be written", e);
    }
    GroupTable table = recovered.table();
    RingWriter writer = new RingWriter(disk, config, table, recovered.tail());
    GroupCommit commit = new GroupCommit(writer, table, config, disk.name(), faults, metrics);
    commit.commitFromReserve(WalRecord.generationStart(), Urgency.RELEASES);
    return new SharedWal(layout, table, commit, new EntryReader(disk, layout));
  }

  @Override
  public NavigableSet<CopysetKey> groups() {
    return new TreeSet<>(table.groups().keySet());
  }

  public Optional<GroupLog> group(CopysetKey key) {
    return Optional.ofNullable(table.groups().get(key)).map(this::logOf);
  }

  public GroupLog open(CopysetKey key) {
    return group(key).orElseGet(() -> found(key, Membership.ofVoters(List.of())));
  }

  /** Who founded the group, as {@link #found} was told. */
  @Override
  public Optional<Membership> founders(CopysetKey key) {
    return Optional.ofNullable(table.groups().get(key)).map(GroupState::founders);
  }

  /**
   * Makes this store a member. A group that was purged keeps its old promises; one that is there
   * already stays as it is.
   */
  @Override
  public GroupLog found(CopysetKey key, Membership founders) {
    membership.lock();
    try {
      if (!table.groups().containsKey(key)) {
        checkHead(GroupTable.bytesInImage(founders));
        commit.commitFromReserve(
            WalRecord.of(
                WalRecord.Type.MEMBER,
                key,
                LogPosition.BEFORE_ALL,
                ReplicaIds.ofMembership(founders)),
            Urgency.PROMISES);
      }
      return group(key).orElseThrow();
    } finally {
      membership.unlock();
    }
  }

  @Override
  public void purge(CopysetKey key) {
    membership.lock();
    try {
      GroupState state = table.groups().get(key);
      if (state != null) {
        purge(state);
      }
    } finally {
      membership.unlock();
    }
  }

  private void purge(GroupState state) {
    state.changing().lock();
    state.promising().lock();
    try {
      commit.commitFromReserve(
          GroupTable.tombstone(state.group(), state.hardState()), Urgency.RELEASES);
    } finally {
      state.promising().unlock();
      state.changing().unlock();
    }
  }

  /** What {@link #saveStoreState} saved last; empty before the first time. */
  public byte[] storeState() {
    return table.storeState().clone();
  }

  /** Keeps a small state of the store's own, as durable as votes are. */
  public void saveStoreState(byte[] state) {
    membership.lock();
    try {
      checkHead(WalRecord.bytes(state.length));
      commit.commitFromReserve(
          WalRecord.ofStore(WalRecord.Type.STORE_STATE, ByteBuffer.wrap(state.clone())),
          Urgency.PROMISES);
    } finally {
      membership.unlock();
    }
  }

  @Override
  public LogSpace space() {
    return commit.space();
  }

  /** The groups that keep the oldest segment, and what each has to cut to let it go. */
  public List<Pin> pinning() {
    long oldest = commit.oldestSegment();
    long end = layout.address(oldest + 1, 0);
    List<Pin> pins = new ArrayList<>();
    for (GroupState group : table.groups().values()) {
      OptionalLong first = group.firstAddress();
      if (first.isPresent() && first.getAsLong() < end) {
        pins.add(new Pin(group.group(), group.lastIndexBefore(end), group.bytes()));
      }
    }
    return pins;
  }

  /** The groups that keep any of the log, and the first entry of each. */
  public Map<CopysetKey, Long> firstIndexes() {
    Map<CopysetKey, Long> firsts = new TreeMap<>();
    for (GroupState group : table.groups().values()) {
      if (group.firstAddress().isPresent()) {
        firsts.put(group.group(), group.cut().index() + 1);
      }
    }
    return firsts;
  }

  /**
   * Of the groups that keep the oldest part of the ring, as few as free, moved up together, at
   * least twice what that takes; none when some other group is in the way.
   */
  public List<CopysetKey> worthMoving(Predicate<CopysetKey> movable) {
    List<Holder> holders = new ArrayList<>();
    for (GroupState group : table.groups().values()) {
      group
          .firstAddress()
          .ifPresent(first -> holders.add(new Holder(group, layout.segmentOf(first))));
    }
    holders.sort(Comparator.comparingLong(Holder::firstSegment));
    long oldest = commit.oldestSegment();
    List<CopysetKey> worth = new ArrayList<>();
    long bytes = 0;
    for (int i = 0; i < holders.size() && movable.test(holders.get(i).group.group()); i++) {
      worth.add(holders.get(i).group.group());
      bytes += holders.get(i).group.bytes();
      long oldestThen =
          i + 1 < holders.size() ? holders.get(i + 1).firstSegment : commit.lastSegment();
      if ((oldestThen - oldest) * layout.segmentBytes() >= 2 * bytes) {
        return worth;
      }
    }
    return List.of();
  }

  /**
   * Writes all entries of these groups again at the ring's end, so that they keep no old segment:
   * for those that can't cut, because they have no quorum or do not run. Those of a group count as
   * soon as the last of them is durable, and not before. Appends and cuts go on meanwhile; a group
   * whose log is shortened meanwhile stays as it is.
   *
   * @throws WalFull when there is no room for all of them beside the reserve; nothing was written
   *     then. Also when what was appended meanwhile finds none: then part of them moved
   */
  public void moveUp(List<CopysetKey> keys) throws WalFull {
    moving.lock();
    try (GroupCommit.Reservation room = commit.new Reservation()) {
      List<LogMove> moves = new ArrayList<>();
      for (CopysetKey key : keys) {
        GroupState group = table.groups().get(key);
        if (group != null && group.firstAddress().isPresent()) {
          moves.add(new LogMove(group, reader, commit.bytesInFrame()));
        }
      }
      room.grow(moves.stream().mapToLong(LogMove::bytes).sum());
      for (LogMove move : moves) {
        move.write(room);
      }
    } finally {
      moving.unlock();
    }
  }

  /** Waits for writes that were begun; later ones are refused. The disk stays open. */
  @Override
  public void close() {
    commit.close();
  }

  /**
   * A group with entries in the oldest segment.
   *
   * @param cutAt the segment needs it no more when it is cut here or later
   * @param bytes of all its entries
   */
  public record Pin(CopysetKey group, long cutAt, long bytes) {}

  private record Holder(GroupState group, long firstSegment) {}

  private GroupLog logOf(GroupState state) {
    return new WalGroupLog(state, commit, reader);
  }

  private void checkHead(int moreBytes) {
    if (moreBytes > commit.roomInHead()) {
      throw new KurveException(
          ErrorCode.NO_SPACE,
          "the WAL's segments of " + layout.segmentBytes() + " bytes have no room for more groups",
          "format the store with a longer WAL");
    }
  }
}
