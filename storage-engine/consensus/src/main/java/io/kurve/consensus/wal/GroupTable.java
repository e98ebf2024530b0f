package io.kurve.consensus.wal;

import io.kurve.consensus.wal.GroupLog.HardState;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.log.LogPosition;
import io.kurve.core.log.Membership;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.ConcurrentSkipListMap;

/**
 * What the disk says of all groups. It changes by {@link #replay} only, with the records of frames
 * that are durable, one frame at a time: the same code after a write and at recovery.
 */
final class GroupTable {
  private static final HardState NO_PROMISE = new HardState(0, Optional.empty());

  /** Of a record with a vote. */
  private static final int MAX_TOMBSTONE_BYTES = WalRecord.bytes(ReplicaIds.REPLICA_BYTES);

  private final NavigableMap<CopysetKey, GroupState> groups = new ConcurrentSkipListMap<>();
  private final NavigableMap<CopysetKey, HardState> tombstones = new ConcurrentSkipListMap<>();
  private volatile byte[] storeState = new byte[0];

  /** What {@link #oldestSegment} found; it stays right while only entries are added. */
  private long oldestSegment;

  private long oldestFoundIn = -1;
  private int imageBytes = -1;

  NavigableMap<CopysetKey, GroupState> groups() {
    return groups;
  }

  byte[] storeState() {
    return storeState;
  }

  /**
   * Takes over the records of a frame whose checksum is right.
   *
   * @param address of the first record
   * @throws WalRecord.MalformedFrame when they make no sense
   */
  void replay(ByteBuffer records, long address) {
    ByteBuffer rest = records.duplicate();
    int start = rest.position();
    while (rest.hasRemaining()) {
      long at = address + rest.position() - start;
      replay(WalRecord.readChecked(rest), at);
    }
  }

  private void replay(WalRecord record, long address) {
    noteChange(record);
    switch (record.type()) {
      case MEMBER -> {
        CopysetKey key = record.group();
        HardState promised = tombstones.getOrDefault(key, NO_PROMISE);
        groups.put(key, new GroupState(key, ReplicaIds.toMembership(record.body()), promised));
        tombstones.remove(key);
      }
      case TOMBSTONE -> {
        CopysetKey key = record.group();
        GroupState purged = groups.remove(key);
        if (purged != null) {
          purged.replay(record, address);
        }
        tombstones.put(key, new HardState(record.term(), ReplicaIds.toVote(record.body())));
      }
      case STORE_STATE -> {
        byte[] state = new byte[record.body().remaining()];
        record.body().get(state);
        storeState = state;
      }
      case GENERATION_START -> {
        // Its frame's header says which.
      }
      case ENTRY_DATA,
          ENTRY_CONFIGURATION,
          ENTRY_NO_OP,
          HARD_STATE,
          CUT,
          LAST,
          TRUNCATE_SUFFIX,
          RESET,
          AGAIN_DATA,
          AGAIN_CONFIGURATION,
          AGAIN_NO_OP,
          MOVED -> {
        GroupState group = groups.get(record.group());
        if (group == null) {
          throw new WalRecord.MalformedFrame(
              record.type() + " of " + record.group() + ", which this store is no member of");
        }
        group.replay(record, address);
      }
    }
  }

  /** All of it as records, for the head of a segment. */
  List<WalRecord> image() {
    List<WalRecord> image = new ArrayList<>();
    image.add(WalRecord.ofStore(WalRecord.Type.STORE_STATE, ByteBuffer.wrap(storeState)));
    tombstones.forEach((key, promised) -> image.add(tombstone(key, promised)));
    groups.values().forEach(group -> image.addAll(group.image()));
    return image;
  }

  static WalRecord tombstone(CopysetKey key, HardState promised) {
    return WalRecord.of(
        WalRecord.Type.TOMBSTONE,
        key,
        new LogPosition(promised.term(), 0),
        ReplicaIds.ofVote(promised.votedFor()));
  }

  /** The first segment that holds an entry still needed; the current one when there is none. */
  long oldestSegment(SegmentLayout layout, long currentSegment) {
    if (oldestFoundIn != currentSegment) {
      oldestSegment = findOldestSegment(layout, currentSegment);
      oldestFoundIn = currentSegment;
    }
    return oldestSegment;
  }

  private long findOldestSegment(SegmentLayout layout, long currentSegment) {
    long oldest = currentSegment;
    for (GroupState group : groups.values()) {
      OptionalLong first = group.firstAddress();
      if (first.isPresent()) {
        oldest = Math.min(oldest, layout.segmentOf(first.getAsLong()));
      }
    }
    return oldest;
  }

  /** An upper bound of the bytes that {@link #image} takes as records. */
  int imageBytes() {
    if (imageBytes < 0) {
      imageBytes = WalRecord.bytes(storeState.length) + tombstones.size() * MAX_TOMBSTONE_BYTES;
      for (GroupState group : groups.values()) {
        imageBytes += bytesInImage(group.founders());
      }
    }
    return imageBytes;
  }

  /** An upper bound of what a group adds to {@link #image}. */
  static int bytesInImage(Membership founders) {
    return WalRecord.bytes(ReplicaIds.ofMembership(founders).remaining())
        + MAX_TOMBSTONE_BYTES
        + 2 * WalRecord.bytes(0);
  }

  private void noteChange(WalRecord record) {
    switch (record.type()) {
      case ENTRY_DATA,
          ENTRY_CONFIGURATION,
          ENTRY_NO_OP,
          AGAIN_DATA,
          AGAIN_CONFIGURATION,
          AGAIN_NO_OP,
          HARD_STATE,
          GENERATION_START -> {
        // Neither frees a segment nor lengthens a head.
      }
      case CUT, LAST, TRUNCATE_SUFFIX, RESET, MOVED -> oldestFoundIn = -1;
      case MEMBER, TOMBSTONE, STORE_STATE -> {
        oldestFoundIn = -1;
        imageBytes = -1;
      }
    }
  }
}
