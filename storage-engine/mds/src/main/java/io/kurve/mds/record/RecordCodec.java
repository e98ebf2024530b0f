package io.kurve.mds.record;

import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.AttachmentId;
import io.kurve.core.id.ChunkId;
import io.kurve.core.id.ChunkserverId;
import io.kurve.core.id.ClusterId;
import io.kurve.core.id.CopysetGeneration;
import io.kurve.core.id.CopysetId;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.id.StoreGeneration;
import io.kurve.core.id.StoreId;
import io.kurve.core.id.StoreStart;
import io.kurve.core.id.VolumeId;
import io.kurve.core.log.Membership;
import io.kurve.core.metadata.ChunkserverRegistry.Addresses;
import io.kurve.core.metadata.HostAndPort;
import io.kurve.core.metadata.MetadataService.AccessMode;
import io.kurve.core.metadata.SegmentMap;
import io.kurve.core.metadata.Volume;
import io.kurve.core.metadata.VolumePolicy;
import io.kurve.core.metastore.Bytes;
import io.kurve.mds.record.StoredRecord.AttachmentsRecord;
import io.kurve.mds.record.StoredRecord.Binned;
import io.kurve.mds.record.StoredRecord.ChunkserverRecord;
import io.kurve.mds.record.StoredRecord.ClusterRecord;
import io.kurve.mds.record.StoredRecord.CopysetRecord;
import io.kurve.mds.record.StoredRecord.DrainRecord;
import io.kurve.mds.record.StoredRecord.DurableRecord;
import io.kurve.mds.record.StoredRecord.Holding;
import io.kurve.mds.record.StoredRecord.IdCounterRecord;
import io.kurve.mds.record.StoredRecord.IdKind;
import io.kurve.mds.record.StoredRecord.MoveRecord;
import io.kurve.mds.record.StoredRecord.MoveStep;
import io.kurve.mds.record.StoredRecord.PolicyRecord;
import io.kurve.mds.record.StoredRecord.RetentionClockRecord;
import io.kurve.mds.record.StoredRecord.RetiredRecord;
import io.kurve.mds.record.StoredRecord.SegmentRecord;
import io.kurve.mds.record.StoredRecord.VolumeRecord;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.zip.CRC32C;

/**
 * The one binary form of records.
 *
 * <pre>
 *   byte 0     1        2         3 ...            length-4
 *   +-------+---------+---------+------ ... ------+--------+
 *   | 0x4B  | kind    | version | fields          | CRC32C |   CRC over all bytes before it
 *   +-------+---------+---------+------ ... ------+--------+
 *
 *   fields, in the order of the record's components, big-endian:
 *     number   4 or 8 bytes        instant   8 bytes, milliseconds since 1970
 *     flag     1 byte, 0 or 1      optional  flag, then the value if 1
 *     text     4 bytes length, then UTF-8
 *     UUID     16 bytes            list      4 bytes count, then the elements
 * </pre>
 *
 * A field is only ever added behind the last one, with the version raised; a version above this
 * software's is refused, never guessed at.
 */
public final class RecordCodec {
  static final int MAGIC = 0x4B;
  private static final int VERSION = 1;

  /** With the stay in the recycle bin. */
  private static final int VOLUME_VERSION = 2;

  /** With the revision that the store has seen. */
  private static final int DURABLE_VERSION = 2;

  /** With the id of the start that is confirmed. */
  private static final int CHUNKSERVER_VERSION = 2;

  /** With its epoch. */
  private static final int COPYSET_VERSION = 2;

  private static final int CLUSTER = 1;
  private static final int ID_COUNTER = 2;
  private static final int CHUNKSERVER = 3;
  private static final int DURABLE = 4;
  private static final int COPYSET = 5;
  private static final int VOLUME = 6;
  private static final int ATTACHMENTS = 7;
  private static final int SEGMENT = 8;
  private static final int POLICY = 9;
  private static final int RETENTION_CLOCK = 10;
  private static final int MOVE = 11;
  private static final int RETIRED = 12;
  private static final int DRAIN = 13;

  private static final int HEAD_BYTES = 3;
  private static final int CRC_BYTES = 4;

  private RecordCodec() {}

  public static Bytes encode(StoredRecord record) {
    RecordWriter out =
        new RecordWriter().u8(MAGIC).u8(kindOf(record)).u8(newestVersion(kindOf(record)));
    switch (record) {
      case ClusterRecord r ->
          out.uuid(r.cluster().value())
              .i32(r.replicas())
              .i32(r.chunkservers())
              .i32(r.copysets())
              .instant(r.created());
      case IdCounterRecord r -> out.u8(idKindCode(r.kind())).i64(r.reservedThrough());
      case ChunkserverRecord r -> chunkserver(out, r);
      case DurableRecord r -> {
        out.i64(r.chunkserver().value()).i64(r.generation().value());
        out.list(
            r.durableIndexes().entrySet(),
            (w, entry) -> copysetKey(w, entry.getKey()).i64(entry.getValue()));
        out.i64(r.seenRevision());
      }
      case CopysetRecord r -> {
        copysetKey(out, r.copyset());
        out.list(r.membership().voters(), RecordCodec::replica);
        out.list(r.membership().learners(), RecordCodec::replica);
        out.i64(r.preferredLeader().value()).i64(r.epoch());
      }
      case DrainRecord r -> out.i64(r.chunkserver().value()).instant(r.since());
      case MoveRecord r -> {
        out.i64(r.copyset().value());
        replica(out, r.leaving());
        replica(out, r.joining());
        out.u8(stepCode(r.step())).text(r.why()).instant(r.since());
      }
      case RetiredRecord r -> {
        copysetKey(out, r.copyset());
        replica(out, r.replica());
      }
      case VolumeRecord r -> volume(out, r);
      case AttachmentsRecord r ->
          out.i64(r.volume().value()).list(r.holdings(), RecordCodec::holding);
      case SegmentRecord r ->
          out.i64(r.map().volume().value())
              .i64(r.map().index())
              .i64(r.map().firstChunk().value())
              .list(r.map().copysets(), (w, copyset) -> w.i64(copyset.value()));
      case RetentionClockRecord r ->
          out.i64(r.observedMillis()).optional(r.held(), RecordWriter::text);
      case PolicyRecord r ->
          out.i32(r.policy().overcommitPercent()).i64(r.policy().retention().toMillis());
    }
    byte[] body = out.toBytes();
    return Bytes.copyOf(out.i32(crc(body, body.length)).toBytes());
  }

  /**
   * @throws KurveException BAD_STORE when the value is damaged or newer than this software
   */
  public static StoredRecord decode(String key, Bytes value) {
    byte[] content = value.toArray();
    int bodyBytes = content.length - CRC_BYTES;
    if (bodyBytes < HEAD_BYTES
        || (content[0] & 0xff) != MAGIC
        || ByteBuffer.wrap(content).getInt(bodyBytes) != crc(content, bodyBytes)) {
      throw damaged(key, "its checksum does not match");
    }
    int version = content[2] & 0xff;
    int newest = newestVersion(content[1] & 0xff);
    if (version > newest) {
      throw newer("record " + key + " has version " + version + "; this software knows " + newest);
    }
    RecordReader in =
        new RecordReader(ByteBuffer.wrap(content, HEAD_BYTES, bodyBytes - HEAD_BYTES));
    StoredRecord record;
    try {
      record = read(key, content[1] & 0xff, version, in);
    } catch (BufferUnderflowException | IllegalArgumentException e) {
      throw damaged(key, String.valueOf(e.getMessage()));
    }
    if (in.remaining() != 0 || !record.key().equals(key)) {
      throw damaged(key, "it is the record of " + record.key());
    }
    return record;
  }

  private static StoredRecord read(String key, int kind, int version, RecordReader in) {
    return switch (kind) {
      case CLUSTER ->
          new ClusterRecord(new ClusterId(in.uuid()), in.i32(), in.i32(), in.i32(), in.instant());
      case ID_COUNTER -> new IdCounterRecord(idKind(key, in.u8()), in.i64());
      case CHUNKSERVER -> readChunkserver(version, in);
      case DURABLE ->
          new DurableRecord(
              new ChunkserverId(in.i64()),
              new StoreGeneration(in.i64()),
              readIndexes(in),
              version < DURABLE_VERSION ? 0 : in.i64());
      case COPYSET ->
          new CopysetRecord(
              readCopysetKey(in),
              new Membership(in.list(RecordCodec::readReplica), in.list(RecordCodec::readReplica)),
              new ChunkserverId(in.i64()),
              version < COPYSET_VERSION ? 0 : in.i64());
      case MOVE ->
          new MoveRecord(
              new CopysetId(in.i64()),
              readReplica(in),
              readReplica(in),
              step(key, in.u8()),
              in.text(),
              in.instant());
      case RETIRED -> new RetiredRecord(readCopysetKey(in), readReplica(in));
      case DRAIN -> new DrainRecord(new ChunkserverId(in.i64()), in.instant());
      case VOLUME -> readVolume(key, version, in);
      case ATTACHMENTS ->
          new AttachmentsRecord(new VolumeId(in.i64()), in.list(r -> readHolding(key, r)));
      case SEGMENT ->
          new SegmentRecord(
              new SegmentMap(
                  new VolumeId(in.i64()),
                  in.i64(),
                  new ChunkId(in.i64()),
                  in.list(r -> new CopysetId(r.i64()))));
      case POLICY -> new PolicyRecord(new VolumePolicy(in.i32(), Duration.ofMillis(in.i64())));
      case RETENTION_CLOCK -> new RetentionClockRecord(in.i64(), in.optional(RecordReader::text));
      default -> throw newer("record " + key + " is of the unknown kind " + kind);
    };
  }

  private static int kindOf(StoredRecord record) {
    return switch (record) {
      case ClusterRecord _ -> CLUSTER;
      case IdCounterRecord _ -> ID_COUNTER;
      case ChunkserverRecord _ -> CHUNKSERVER;
      case DurableRecord _ -> DURABLE;
      case CopysetRecord _ -> COPYSET;
      case MoveRecord _ -> MOVE;
      case RetiredRecord _ -> RETIRED;
      case DrainRecord _ -> DRAIN;
      case VolumeRecord _ -> VOLUME;
      case AttachmentsRecord _ -> ATTACHMENTS;
      case SegmentRecord _ -> SEGMENT;
      case PolicyRecord _ -> POLICY;
      case RetentionClockRecord _ -> RETENTION_CLOCK;
    };
  }

  private static int newestVersion(int kind) {
    return switch (kind) {
      case DURABLE -> DURABLE_VERSION;
      case VOLUME -> VOLUME_VERSION;
      case CHUNKSERVER -> CHUNKSERVER_VERSION;
      case COPYSET -> COPYSET_VERSION;
      default -> VERSION;
    };
  }

  private static void chunkserver(RecordWriter out, ChunkserverRecord r) {
    replica(out, r.replica());
    out.i64(r.start().generation().value());
    place(out, r.addresses().data());
    place(out, r.addresses().control());
    place(out, r.addresses().metrics());
    out.text(r.failureDomain()).text(r.diskName()).i32(r.slots()).instant(r.registered());
    out.optional(r.suspended(), RecordWriter::text);
    out.i64(r.start().id());
  }

  private static ChunkserverRecord readChunkserver(int version, RecordReader in) {
    ReplicaId replica = readReplica(in);
    StoreGeneration generation = new StoreGeneration(in.i64());
    Addresses addresses = new Addresses(readPlace(in), readPlace(in), readPlace(in));
    String failureDomain = in.text();
    String diskName = in.text();
    int slots = in.i32();
    Instant registered = in.instant();
    Optional<String> suspended = in.optional(RecordReader::text);
    long startId = version < CHUNKSERVER_VERSION ? StoreStart.UNTOLD : in.i64();
    return new ChunkserverRecord(
        replica,
        new StoreStart(generation, startId),
        addresses,
        failureDomain,
        diskName,
        slots,
        registered,
        suspended);
  }

  private static void volume(RecordWriter out, VolumeRecord r) {
    out.i64(r.id().value())
        .text(r.name())
        .i64(r.sizeBytes())
        .i32(r.logicalBlockBytes())
        .flag(r.shared())
        .i64(r.sequence())
        .u8(
            switch (r.state()) {
              case ACTIVE -> 1;
              case DELETING -> 2;
              case DELETED -> 3;
            })
        .instant(r.created())
        .optional(r.formatted(), (w, f) -> w.text(f.fileSystem()).text(f.uuid()))
        .text(r.requestId())
        .optional(
            r.binned(),
            (w, b) -> w.instant(b.deleted()).i64(b.atMillis()).i64(b.retention().toMillis()));
  }

  private static VolumeRecord readVolume(String key, int version, RecordReader in) {
    return new VolumeRecord(
        new VolumeId(in.i64()),
        in.text(),
        in.i64(),
        in.i32(),
        in.flag(),
        in.i64(),
        switch (in.u8()) {
          case 1 -> Volume.State.ACTIVE;
          case 2 -> Volume.State.DELETING;
          case 3 -> Volume.State.DELETED;
          default -> throw damaged(key, "its state is unknown");
        },
        in.instant(),
        in.optional(r -> new Volume.Formatted(r.text(), r.text())),
        in.text(),
        version < VOLUME_VERSION
            ? Optional.empty()
            : in.optional(r -> new Binned(r.instant(), r.i64(), Duration.ofMillis(r.i64()))));
  }

  private static void holding(RecordWriter out, Holding h) {
    out.i64(h.id().value())
        .text(h.host())
        .text(h.requestId())
        .u8(
            switch (h.mode()) {
              case EXCLUSIVE -> 1;
              case SHARED -> 2;
            })
        .instant(h.since())
        .flag(h.fencing());
  }

  private static Holding readHolding(String key, RecordReader in) {
    return new Holding(
        new AttachmentId(in.i64()),
        in.text(),
        in.text(),
        switch (in.u8()) {
          case 1 -> AccessMode.EXCLUSIVE;
          case 2 -> AccessMode.SHARED;
          default -> throw damaged(key, "an attachment's mode is unknown");
        },
        in.instant(),
        in.flag());
  }

  private static int stepCode(MoveStep step) {
    return switch (step) {
      case CREATE -> 1;
      case LEARN -> 2;
      case SWAP -> 3;
      case BACK -> 4;
    };
  }

  private static MoveStep step(String key, int code) {
    return switch (code) {
      case 1 -> MoveStep.CREATE;
      case 2 -> MoveStep.LEARN;
      case 3 -> MoveStep.SWAP;
      case 4 -> MoveStep.BACK;
      default -> throw damaged(key, "its step is unknown");
    };
  }

  private static int idKindCode(IdKind kind) {
    return switch (kind) {
      case GENERAL -> 1;
      case ATTACHMENT -> 2;
    };
  }

  private static IdKind idKind(String key, int code) {
    return switch (code) {
      case 1 -> IdKind.GENERAL;
      case 2 -> IdKind.ATTACHMENT;
      default -> throw damaged(key, "it counts ids of an unknown kind");
    };
  }

  private static NavigableMap<CopysetKey, Long> readIndexes(RecordReader in) {
    NavigableMap<CopysetKey, Long> indexes = new TreeMap<>();
    in.list(r -> Map.entry(readCopysetKey(r), r.i64()))
        .forEach(entry -> indexes.put(entry.getKey(), entry.getValue()));
    return indexes;
  }

  private static RecordWriter copysetKey(RecordWriter out, CopysetKey key) {
    return out.i64(key.id().value()).i64(key.generation().value());
  }

  private static CopysetKey readCopysetKey(RecordReader in) {
    return new CopysetKey(new CopysetId(in.i64()), new CopysetGeneration(in.i64()));
  }

  private static void replica(RecordWriter out, ReplicaId replica) {
    out.i64(replica.chunkserver().value()).uuid(replica.store().value());
  }

  private static ReplicaId readReplica(RecordReader in) {
    return new ReplicaId(new ChunkserverId(in.i64()), new StoreId(in.uuid()));
  }

  private static void place(RecordWriter out, HostAndPort place) {
    out.text(place.host()).i32(place.port());
  }

  private static HostAndPort readPlace(RecordReader in) {
    return new HostAndPort(in.text(), in.i32());
  }

  private static int crc(byte[] content, int length) {
    CRC32C crc = new CRC32C();
    crc.update(content, 0, length);
    return (int) crc.getValue();
  }

  private static KurveException newer(String what) {
    return new KurveException(
        ErrorCode.BAD_STORE, what, "start the newer version of Kurve that wrote it");
  }

  private static KurveException damaged(String key, String why) {
    return new KurveException(
        ErrorCode.BAD_STORE,
        "record " + key + " in the metadata store is damaged: " + why,
        "restore the metadata store from a backup");
  }
}
