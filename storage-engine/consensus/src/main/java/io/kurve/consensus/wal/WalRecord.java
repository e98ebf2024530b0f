package io.kurve.consensus.wal;

import io.kurve.core.id.CopysetGeneration;
import io.kurve.core.id.CopysetId;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.log.LogPosition;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.zip.CRC32C;

/**
 * One record of a frame. All types have one shape; what they don't use is zero.
 *
 * <pre>
 *   0 type                1      24 term             8
 *   1 zeros               3      32 index            8
 *   4 bytes of the body   4      40 CRC32C of 0..39 and of the body
 *   8 copyset             8      44 zeros            4
 *  16 its generation      8      48 body, then zeros up to a multiple of 8
 * </pre>
 *
 * <p>The checksum of its own lets a reader of one entry do without the rest of the frame.
 */
record WalRecord(
    Type type, long copyset, long copysetGeneration, long term, long index, ByteBuffer body) {
  static final int HEADER_BYTES = 48;
  private static final int CHECKSUM_AT = 40;
  private static final ByteBuffer NO_BODY = ByteBuffer.allocate(0).asReadOnlyBuffer();

  /** Codes are part of the format: append only. */
  enum Type {
    ENTRY_DATA(1),
    ENTRY_CONFIGURATION(2),
    ENTRY_NO_OP(3),
    /** Term, and in the body the vote. */
    HARD_STATE(4),
    /** Entries up to (term, index) are in a checkpoint. */
    CUT(5),
    /** In heads: the last entry that the group had. */
    LAST(6),
    /** Entries above index never were. */
    TRUNCATE_SUFFIX(7),
    /** All entries are gone; the next one follows (term, index). */
    RESET(8),
    /** This store is a member of the group; in the body, who founded it. */
    MEMBER(9),
    /** Was a member; term and vote stay promised. */
    TOMBSTONE(10),
    /** A small state of the store's own. */
    STORE_STATE(11),
    /** The first record after each start. */
    GENERATION_START(12),
    /** An entry that stands earlier in the ring, again; it counts when {@link #MOVED} follows. */
    AGAIN_DATA(13),
    AGAIN_CONFIGURATION(14),
    AGAIN_NO_OP(15),
    /** All entries of the group, up to index, are those that were just written again. */
    MOVED(16);

    private static final Type[] BY_CODE = new Type[17];

    static {
      for (Type type : values()) {
        BY_CODE[type.code] = type;
      }
    }

    private final int code;

    Type(int code) {
      this.code = code;
    }

    static Type ofEntry(LogRecord.Kind kind) {
      return switch (kind) {
        case DATA -> ENTRY_DATA;
        case CONFIGURATION -> ENTRY_CONFIGURATION;
        case NO_OP -> ENTRY_NO_OP;
      };
    }

    static Type ofAgain(LogRecord.Kind kind) {
      return switch (kind) {
        case DATA -> AGAIN_DATA;
        case CONFIGURATION -> AGAIN_CONFIGURATION;
        case NO_OP -> AGAIN_NO_OP;
      };
    }

    /** Empty for what is no entry. */
    Optional<LogRecord.Kind> entryKind() {
      return switch (this) {
        case ENTRY_DATA, AGAIN_DATA -> Optional.of(LogRecord.Kind.DATA);
        case ENTRY_CONFIGURATION, AGAIN_CONFIGURATION -> Optional.of(LogRecord.Kind.CONFIGURATION);
        case ENTRY_NO_OP, AGAIN_NO_OP -> Optional.of(LogRecord.Kind.NO_OP);
        case HARD_STATE,
            CUT,
            LAST,
            TRUNCATE_SUFFIX,
            RESET,
            MEMBER,
            TOMBSTONE,
            STORE_STATE,
            GENERATION_START,
            MOVED ->
            Optional.empty();
      };
    }

    static Type ofCode(int code) {
      if (code < 1 || code >= BY_CODE.length) {
        throw new MalformedFrame("record type " + code + " is unknown");
      }
      return BY_CODE[code];
    }
  }

  static WalRecord of(Type type, CopysetKey group, LogPosition at, ByteBuffer body) {
    return new WalRecord(
        type, group.id().value(), group.generation().value(), at.term(), at.index(), body);
  }

  static WalRecord of(Type type, CopysetKey group, LogPosition at) {
    return of(type, group, at, NO_BODY);
  }

  static WalRecord ofStore(Type type, ByteBuffer body) {
    return new WalRecord(type, 0, 0, 0, 0, body);
  }

  static WalRecord generationStart() {
    return ofStore(Type.GENERATION_START, NO_BODY);
  }

  static WalRecord entry(CopysetKey group, LogRecord entry) {
    return of(
        Type.ofEntry(entry.kind()),
        group,
        new LogPosition(entry.term(), entry.index()),
        entry.payload());
  }

  static WalRecord again(CopysetKey group, LogRecord entry) {
    return of(
        Type.ofAgain(entry.kind()),
        group,
        new LogPosition(entry.term(), entry.index()),
        entry.payload());
  }

  CopysetKey group() {
    return new CopysetKey(new CopysetId(copyset), new CopysetGeneration(copysetGeneration));
  }

  boolean isOf(CopysetKey group) {
    return copyset == group.id().value() && copysetGeneration == group.generation().value();
  }

  LogPosition position() {
    return new LogPosition(term, index);
  }

  int bytes() {
    return bytes(body.remaining());
  }

  static int bytes(int bodyBytes) {
    return Math.addExact(HEADER_BYTES + 7, bodyBytes) & ~7;
  }

  /** Writes it at the target's position and moves that behind it. */
  void write(ByteBuffer target) {
    int at = target.position();
    target.putInt(type.code << 24).putInt(body.remaining());
    target.putLong(copyset).putLong(copysetGeneration).putLong(term).putLong(index);
    target.putLong(0).put(body.duplicate());
    while (target.position() < at + bytes()) {
      target.put((byte) 0);
    }
    target.putInt(at + CHECKSUM_AT, checksum(target, at, body.remaining()));
  }

  /**
   * Reads the record at the source's position and moves that behind it; the body is a view.
   *
   * @throws MalformedFrame when there is none, or its checksum is wrong
   */
  static WalRecord read(ByteBuffer source) {
    int at = source.position();
    WalRecord record = readChecked(source);
    if (source.getInt(at + CHECKSUM_AT) != checksum(source, at, record.body.remaining())) {
      throw new MalformedFrame("a record's checksum is wrong");
    }
    return record;
  }

  /** As {@link #read} of a frame whose own checksum is right: it covers the records. */
  static WalRecord readChecked(ByteBuffer source) {
    int at = source.position();
    if (source.remaining() < HEADER_BYTES) {
      throw new MalformedFrame("a record is cut short");
    }
    int bodyBytes = source.getInt(at + 4);
    if (bodyBytes < 0 || bodyBytes > source.remaining() - HEADER_BYTES) {
      throw new MalformedFrame("a record is longer than what holds it");
    }
    Type type = Type.ofCode(source.get(at));
    ByteBuffer body = source.slice(at + HEADER_BYTES, bodyBytes).asReadOnlyBuffer();
    source.position(Math.min(source.limit(), at + bytes(bodyBytes)));
    return new WalRecord(
        type,
        source.getLong(at + 8),
        source.getLong(at + 16),
        source.getLong(at + 24),
        source.getLong(at + 32),
        body);
  }

  private static int checksum(ByteBuffer bytes, int at, int bodyBytes) {
    CRC32C crc = new CRC32C();
    crc.update(bytes.duplicate().limit(at + CHECKSUM_AT).position(at));
    crc.update(bytes.duplicate().limit(at + HEADER_BYTES + bodyBytes).position(at + HEADER_BYTES));
    return (int) crc.getValue();
  }

  /** A frame with a right checksum whose records make no sense: written by a defect. */
  static final class MalformedFrame extends RuntimeException {
    private static final long serialVersionUID = 1;

    MalformedFrame(String message) {
      super(message);
    }
  }
}
