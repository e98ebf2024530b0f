package io.kurve.mds.record;

import io.kurve.core.id.AttachmentId;
import io.kurve.core.id.ChunkserverId;
import io.kurve.core.id.ClusterId;
import io.kurve.core.id.CopysetId;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.id.StoreGeneration;
import io.kurve.core.id.StoreStart;
import io.kurve.core.id.VolumeId;
import io.kurve.core.log.Membership;
import io.kurve.core.metadata.ChunkserverRegistry.Addresses;
import io.kurve.core.metadata.MetadataService.AccessMode;
import io.kurve.core.metadata.SegmentMap;
import io.kurve.core.metadata.Volume;
import io.kurve.core.metadata.VolumePolicy;
import java.time.Duration;
import java.time.Instant;
import java.util.Collections;
import java.util.List;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;

/** Everything that the MDS remembers; each record is one key of the metadata store. */
public sealed interface StoredRecord {
  /** Where it lives: see {@link Keys}. */
  String key();

  /**
   * The cluster's birth certificate, written once.
   *
   * @param chunkservers how many must have registered before the pool is founded
   * @param copysets how many the pool has
   */
  record ClusterRecord(
      ClusterId cluster, int replicas, int chunkservers, int copysets, Instant created)
      implements StoredRecord {
    @Override
    public String key() {
      return Keys.CLUSTER;
    }
  }

  /** What holds for all volumes; absent in clusters that were born without one. */
  record PolicyRecord(VolumePolicy policy) implements StoredRecord {
    @Override
    public String key() {
      return Keys.POLICY;
    }
  }

  /**
   * The time by which deleted volumes are kept: what leaders have observed of it, one after the
   * other, and nothing else. It stands still while nobody leads or nothing waits for it.
   *
   * @param held a clock was seen to jump: nothing is destroyed until somebody says that it is right
   */
  record RetentionClockRecord(long observedMillis, Optional<String> held) implements StoredRecord {
    public static final RetentionClockRecord START = new RetentionClockRecord(0, Optional.empty());

    @Override
    public String key() {
      return Keys.RETENTION_CLOCK;
    }
  }

  /** Ids up to and with this one may have been given away; none of them is given again. */
  record IdCounterRecord(IdKind kind, long reservedThrough) implements StoredRecord {
    @Override
    public String key() {
      return Keys.idCounter(kind);
    }
  }

  /** Which sequence an id is of. */
  enum IdKind {
    /** Volumes, chunks, chunkservers and copysets share one. */
    GENERAL,
    ATTACHMENT
  }

  /**
   * A store that has registered.
   *
   * @param start the one that was confirmed last
   * @param suspended why it may not take part: it was seen to be older than what it had reported
   */
  record ChunkserverRecord(
      ReplicaId replica,
      StoreStart start,
      Addresses addresses,
      String failureDomain,
      String diskName,
      int slots,
      Instant registered,
      Optional<String> suspended)
      implements StoredRecord {
    @Override
    public String key() {
      return Keys.chunkserver(replica.chunkserver());
    }

    public ChunkserverId id() {
      return replica.chunkserver();
    }
  }

  /**
   * What a store said last to have durable, and in which of its starts: a store that comes back
   * with less has lost its memory.
   *
   * @param seenRevision of the metadata store, that the store has seen and keeps
   */
  record DurableRecord(
      ChunkserverId chunkserver,
      StoreGeneration generation,
      NavigableMap<CopysetKey, Long> durableIndexes,
      long seenRevision)
      implements StoredRecord {
    public DurableRecord {
      durableIndexes = Collections.unmodifiableNavigableMap(new TreeMap<>(durableIndexes));
    }

    @Override
    public String key() {
      return Keys.durable(chunkserver);
    }
  }

  /**
   * @param membership its learners join, and space is promised on their disks as on those of voters
   * @param epoch raised with each change of its voters; 0: they are its founders
   */
  record CopysetRecord(
      CopysetKey copyset, Membership membership, ChunkserverId preferredLeader, long epoch)
      implements StoredRecord {
    @Override
    public String key() {
      return Keys.copyset(copyset.id());
    }

    /** Voters and learners. */
    public boolean hasMember(ReplicaId replica) {
      return membership.voters().contains(replica) || membership.learners().contains(replica);
    }
  }

  /** How far a replica's move has come; each step can be done twice. */
  enum MoveStep {
    /** The new replica is to be made, empty. */
    CREATE,
    /** It is to be a learner, and to catch up. */
    LEARN,
    /** It is to take the old one's place by a joint change: that may have happened already. */
    SWAP,
    /** Its disk is dead: it is to be no member, if it does not vote already. */
    BACK
  }

  /**
   * A replica of a copyset on its way from a disk to another one.
   *
   * @param why for people
   */
  record MoveRecord(
      CopysetId copyset,
      ReplicaId leaving,
      ReplicaId joining,
      MoveStep step,
      String why,
      Instant since)
      implements StoredRecord {
    @Override
    public String key() {
      return Keys.move(copyset);
    }

    public MoveRecord at(MoveStep now) {
      return new MoveRecord(copyset, leaving, joining, now, why, since);
    }
  }

  /** A disk that is to be emptied: it is there as long as that holds. */
  record DrainRecord(ChunkserverId chunkserver, Instant since) implements StoredRecord {
    @Override
    public String key() {
      return Keys.drain(chunkserver);
    }
  }

  /**
   * The tombstone of a replica: it belongs to its copyset no more, and what is left of it may be
   * removed. The revision of the transaction that wrote it is in the command that does so.
   */
  record RetiredRecord(CopysetKey copyset, ReplicaId replica) implements StoredRecord {
    @Override
    public String key() {
      return Keys.retired(copyset.id(), replica.chunkserver());
    }
  }

  /**
   * A volume. Once it is DELETING the record is not written again before it is removed, so its
   * modify revision names the deleting transaction.
   *
   * @param requestId of the create that made it
   * @param binned since when it is DELETED, and for how long; empty in other states
   */
  record VolumeRecord(
      VolumeId id,
      String name,
      long sizeBytes,
      int logicalBlockBytes,
      boolean shared,
      long sequence,
      Volume.State state,
      Instant created,
      Optional<Volume.Formatted> formatted,
      String requestId,
      Optional<Binned> binned)
      implements StoredRecord {
    @Override
    public String key() {
      return Keys.volume(id);
    }

    public VolumeRecord withSize(long newSizeBytes) {
      return with(name, newSizeBytes, state, binned);
    }

    public VolumeRecord deleted(Binned since) {
      return with(name, sizeBytes, Volume.State.DELETED, Optional.of(since));
    }

    public VolumeRecord undeleted(String newName) {
      return with(newName, sizeBytes, Volume.State.ACTIVE, Optional.empty());
    }

    public VolumeRecord deleting() {
      return with(name, sizeBytes, Volume.State.DELETING, Optional.empty());
    }

    private VolumeRecord with(
        String newName, long newSizeBytes, Volume.State newState, Optional<Binned> newBinned) {
      return new VolumeRecord(
          id,
          newName,
          newSizeBytes,
          logicalBlockBytes,
          shared,
          sequence,
          newState,
          created,
          formatted,
          requestId,
          newBinned);
    }
  }

  /**
   * A stay in the recycle bin.
   *
   * @param deleted for people to read; nothing is decided by it
   * @param atMillis on the retention clock
   */
  record Binned(Instant deleted, long atMillis, Duration retention) {
    public long untilMillis() {
      return atMillis + retention.toMillis();
    }
  }

  /**
   * All attachments of one volume in one record, so that its modify revision orders the grants made
   * from it.
   */
  record AttachmentsRecord(VolumeId volume, List<Holding> holdings) implements StoredRecord {
    public AttachmentsRecord {
      holdings = List.copyOf(holdings);
    }

    @Override
    public String key() {
      return Keys.attachments(volume);
    }
  }

  /**
   * @param requestId of the open that made it
   * @param fencing it is being removed from the copysets and is refused everywhere else already
   */
  record Holding(
      AttachmentId id,
      String host,
      String requestId,
      AccessMode mode,
      Instant since,
      boolean fencing) {
    public Holding nowFencing() {
      return new Holding(id, host, requestId, mode, since, true);
    }
  }

  record SegmentRecord(SegmentMap map) implements StoredRecord {
    @Override
    public String key() {
      return Keys.segment(map.volume(), map.index());
    }
  }
}
