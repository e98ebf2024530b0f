package io.kurve.mds.record;

import io.kurve.core.id.ChunkserverId;
import io.kurve.core.id.CopysetId;
import io.kurve.core.id.VolumeId;
import io.kurve.mds.record.StoredRecord.IdKind;
import java.util.Locale;

/**
 * The layout of the metadata store. Numbers are 16 hexadecimal digits, so that keys sort as ids do.
 *
 * <pre>
 *   kurve/cluster                          ClusterRecord      written once, at birth
 *   kurve/gate                             (empty)            rewritten by each leader, and after each
 *                                                             unknown outcome: a condition of every
 *                                                             transaction, so that none arrives late
 *   kurve/policy                           PolicyRecord       absent: the standard one
 *   kurve/retention-clock                  RetentionClockRecord rewritten while the bin holds volumes
 *   kurve/ids/general, kurve/ids/attachment IdCounterRecord   raised before ids are given away
 *   kurve/chunkserver/ID                   ChunkserverRecord
 *   kurve/durable/CHUNKSERVER              DurableRecord
 *   kurve/copyset/ID                       CopysetRecord
 *   kurve/drain/CHUNKSERVER                DrainRecord        while a disk is to be emptied
 *   kurve/move/COPYSET                     MoveRecord         while a replica is moved
 *   kurve/retired/COPYSET/CHUNKSERVER      RetiredRecord      until the replica is removed
 *   kurve/volume/ID                        VolumeRecord
 *   kurve/attachments/VOLUME               AttachmentsRecord  its modify revision orders grants
 *   kurve/segment/VOLUME/INDEX             SegmentRecord
 * </pre>
 */
public final class Keys {
  /** All of the above start with it; the election's keys do not. */
  public static final String ALL = "kurve/";

  public static final String CLUSTER = ALL + "cluster";
  public static final String GATE = ALL + "gate";
  static final String POLICY = ALL + "policy";
  static final String RETENTION_CLOCK = ALL + "retention-clock";

  /** The election that MDS processes stand for. */
  public static final String ELECTION = "mds";

  private Keys() {}

  static String idCounter(IdKind kind) {
    return ALL + "ids/" + kind.name().toLowerCase(Locale.ROOT);
  }

  static String chunkserver(ChunkserverId id) {
    return ALL + "chunkserver/" + hex(id.value());
  }

  static String durable(ChunkserverId id) {
    return ALL + "durable/" + hex(id.value());
  }

  static String copyset(CopysetId id) {
    return ALL + "copyset/" + hex(id.value());
  }

  static String drain(ChunkserverId id) {
    return ALL + "drain/" + hex(id.value());
  }

  static String move(CopysetId id) {
    return ALL + "move/" + hex(id.value());
  }

  static String retired(CopysetId copyset, ChunkserverId chunkserver) {
    return ALL + "retired/" + hex(copyset.value()) + "/" + hex(chunkserver.value());
  }

  static String volume(VolumeId id) {
    return ALL + "volume/" + hex(id.value());
  }

  static String attachments(VolumeId id) {
    return ALL + "attachments/" + hex(id.value());
  }

  static String segment(VolumeId id, long index) {
    return ALL + "segment/" + hex(id.value()) + "/" + hex(index);
  }

  private static String hex(long value) {
    return String.format(Locale.ROOT, "%016x", value);
  }
}
