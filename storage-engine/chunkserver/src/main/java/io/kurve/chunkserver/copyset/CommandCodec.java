package io.kurve.chunkserver.copyset;

import io.kurve.chunkserver.copyset.Command.Barrier;
import io.kurve.chunkserver.copyset.Command.BlockChange;
import io.kurve.chunkserver.copyset.Command.Discard;
import io.kurve.chunkserver.copyset.Command.Origin;
import io.kurve.chunkserver.copyset.Command.PurgeVolume;
import io.kurve.chunkserver.copyset.Command.SetGrant;
import io.kurve.chunkserver.copyset.Command.Write;
import io.kurve.chunkserver.copyset.Command.WriteZeroes;
import io.kurve.core.data.ChunkAddress;
import io.kurve.core.id.AttachmentId;
import io.kurve.core.id.ChunkId;
import io.kurve.core.id.MdsTerm;
import io.kurve.core.id.RequestId;
import io.kurve.core.id.VolumeId;
import io.kurve.core.metadata.ChunkserverCommands.Grant;
import io.kurve.core.unit.Geometry;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.TreeSet;
import java.util.zip.CRC32C;

/**
 * Commands as bytes in the log. All numbers are big-endian.
 *
 * <pre>
 *   0 magic "KCMD"   4 version u8   5 type u8   6 zero u16   8 header bytes u32   12 payload bytes u32
 *  16 body
 *     Write, WriteZeroes, Discard:
 *       volume i64, chunk index i64, chunk i64, attachment i64, request i64, part i32,
 *       answered below i64, volume sequence i64, first block i32, block count i32,
 *       Write only: CRC32C of each block i32
 *     SetGrant (version 2):
 *       MDS term i64, sent at revision i64, volume i64, revision i64, shared u8, count i32,
 *       attachment i64 ...; version 1 is without the second
 *     PurgeVolume: MDS term i64, volume i64, deleting transaction i64
 *     Barrier: nothing
 *   header bytes - 4: CRC32C of all before it
 *   header bytes:     payload (Write only): whole 4 KiB blocks, vouched for by their own CRC32Cs
 * </pre>
 */
public final class CommandCodec {
  private static final int MAGIC = 0x4b434d44;
  private static final byte VERSION = 1;
  private static final byte GRANT_VERSION = 2;
  private static final int PREFIX_BYTES = 16;
  private static final int CHECKSUM_BYTES = 4;
  private static final int BLOCK_CHANGE_BYTES = 7 * Long.BYTES + 3 * Integer.BYTES;
  private static final int GRANT_BYTES = 4 * Long.BYTES + 1 + Integer.BYTES;
  private static final int PURGE_BYTES = 3 * Long.BYTES;

  private static final byte WRITE = 1;
  private static final byte WRITE_ZEROES = 2;
  private static final byte DISCARD = 3;
  private static final byte SET_GRANT = 4;
  private static final byte PURGE_VOLUME = 5;
  private static final byte BARRIER = 6;

  private CommandCodec() {}

  /** The bytes of a command; a payload is copied once. */
  public static ByteBuffer encode(Command command) {
    return switch (command) {
      case Write write -> {
        ByteBuffer out =
            begin(
                WRITE,
                BLOCK_CHANGE_BYTES + write.checksums().length * Integer.BYTES,
                write.blocks().remaining());
        putBlockChange(out, write);
        for (int checksum : write.checksums()) {
          out.putInt(checksum);
        }
        seal(out);
        yield out.put(write.blocks().duplicate()).flip();
      }
      case WriteZeroes zeroes -> {
        ByteBuffer out = begin(WRITE_ZEROES, BLOCK_CHANGE_BYTES, 0);
        putBlockChange(out, zeroes);
        yield seal(out).flip();
      }
      case Discard discard -> {
        ByteBuffer out = begin(DISCARD, BLOCK_CHANGE_BYTES, 0);
        putBlockChange(out, discard);
        yield seal(out).flip();
      }
      case SetGrant(MdsTerm term, long sentAtRevision, Grant grant) -> {
        ByteBuffer out =
            begin(SET_GRANT, GRANT_BYTES + grant.admitted().size() * Long.BYTES, 0)
                .putLong(term.value())
                .putLong(sentAtRevision)
                .putLong(grant.volume().value())
                .putLong(grant.revision())
                .put((byte) (grant.shared() ? 1 : 0))
                .putInt(grant.admitted().size());
        for (AttachmentId id : new TreeSet<>(grant.admitted())) {
          out.putLong(id.value());
        }
        yield seal(out).flip();
      }
      case PurgeVolume(MdsTerm term, VolumeId volume, long transaction) ->
          seal(begin(PURGE_VOLUME, PURGE_BYTES, 0)
                  .putLong(term.value())
                  .putLong(volume.value())
                  .putLong(transaction))
              .flip();
      case Barrier _ -> seal(begin(BARRIER, 0, 0)).flip();
    };
  }

  /**
   * The command in the remaining bytes; a Write's blocks are a slice of them, not a copy.
   *
   * @throws BadCommand when they are not a whole command of a known version; block checksums are
   *     not looked at
   */
  public static Command decode(ByteBuffer bytes) throws BadCommand {
    ByteBuffer in = bytes.slice();
    int headerBytes = checkHeader(in);
    in.position(PREFIX_BYTES);
    ByteBuffer payload = in.slice(headerBytes, in.capacity() - headerBytes);
    in.limit(headerBytes - CHECKSUM_BYTES);
    byte type = in.get(5);
    if (type != WRITE && payload.hasRemaining()) {
      throw new BadCommand("type " + type + " with " + payload.remaining() + " bytes of payload");
    }
    try {
      Command command =
          switch (type) {
            case WRITE, WRITE_ZEROES, DISCARD -> blockChange(type, in, payload);
            case SET_GRANT -> setGrant(in);
            case PURGE_VOLUME ->
                new PurgeVolume(
                    new MdsTerm(in.getLong()), new VolumeId(in.getLong()), in.getLong());
            case BARRIER -> new Barrier();
            default -> throw new BadCommand("type " + type + " is unknown");
          };
      if (in.hasRemaining()) {
        throw new BadCommand(in.remaining() + " bytes too many in the header");
      }
      return command;
    } catch (BufferUnderflowException | IllegalArgumentException e) {
      throw new BadCommand("the header of type " + type + " does not hold together: " + e);
    }
  }

  /** The request that an encoded command belongs to, if it is a client's. */
  public static Optional<RequestId> requestOf(ByteBuffer bytes) {
    try {
      return decode(bytes) instanceof BlockChange change
          ? Optional.of(change.origin().id())
          : Optional.empty();
    } catch (BadCommand e) {
      return Optional.empty();
    }
  }

  private static byte newestVersion(byte type) {
    return type == SET_GRANT ? GRANT_VERSION : VERSION;
  }

  private static ByteBuffer begin(byte type, int bodyBytes, int payloadBytes) {
    int headerBytes = PREFIX_BYTES + bodyBytes + CHECKSUM_BYTES;
    return ByteBuffer.allocate(headerBytes + payloadBytes)
        .putInt(MAGIC)
        .put(newestVersion(type))
        .put(type)
        .putShort((short) 0)
        .putInt(headerBytes)
        .putInt(payloadBytes);
  }

  private static ByteBuffer seal(ByteBuffer out) {
    return out.putInt(checksum(out, out.position()));
  }

  private static void putBlockChange(ByteBuffer out, BlockChange change) {
    Origin origin = change.origin();
    out.putLong(change.address().volume().value())
        .putLong(change.address().index())
        .putLong(change.address().chunk().value())
        .putLong(origin.id().attachment().value())
        .putLong(origin.id().number())
        .putInt(origin.id().part())
        .putLong(origin.answeredBelow())
        .putLong(origin.volumeSequence())
        .putInt(change.firstBlock())
        .putInt(change.blockCount());
  }

  private static int checkHeader(ByteBuffer in) throws BadCommand {
    if (in.capacity() < PREFIX_BYTES + CHECKSUM_BYTES || in.getInt(0) != MAGIC) {
      throw new BadCommand(in.capacity() + " bytes that do not begin as a command");
    }
    int newest = newestVersion(in.get(5));
    if (in.get(4) < VERSION || in.get(4) > newest) {
      throw new BadCommand(
          "version " + in.get(4) + " is not " + newest + ": written by newer software?");
    }
    int headerBytes = in.getInt(8);
    if (headerBytes < PREFIX_BYTES + CHECKSUM_BYTES
        || in.getInt(12) < 0
        || (long) headerBytes + in.getInt(12) != in.capacity()) {
      throw new BadCommand("the lengths do not add up to " + in.capacity() + " bytes");
    }
    if (in.getInt(headerBytes - CHECKSUM_BYTES) != checksum(in, headerBytes - CHECKSUM_BYTES)) {
      throw new BadCommand("the header does not match its checksum");
    }
    return headerBytes;
  }

  private static BlockChange blockChange(byte type, ByteBuffer in, ByteBuffer payload)
      throws BadCommand {
    VolumeId volume = new VolumeId(in.getLong());
    ChunkAddress address = new ChunkAddress(volume, in.getLong(), new ChunkId(in.getLong()));
    RequestId id = new RequestId(new AttachmentId(in.getLong()), in.getLong(), in.getInt());
    Origin origin = new Origin(id, in.getLong(), in.getLong());
    int first = in.getInt();
    int count = in.getInt();
    if (first < 0 || count < 1 || count > Geometry.BLOCKS_PER_CHUNK - first) {
      throw new BadCommand(count + " blocks at " + first + " are not in a chunk");
    }
    return switch (type) {
      case WRITE_ZEROES -> new WriteZeroes(origin, address, first, count);
      case DISCARD -> new Discard(origin, address, first, count);
      default -> {
        if (payload.remaining() != count * Geometry.BLOCK_BYTES) {
          throw new BadCommand(payload.remaining() + " bytes are not " + count + " blocks");
        }
        int[] checksums = new int[count];
        for (int i = 0; i < count; i++) {
          checksums[i] = in.getInt();
        }
        yield new Write(origin, address, first, payload.slice(), checksums);
      }
    };
  }

  private static SetGrant setGrant(ByteBuffer in) throws BadCommand {
    MdsTerm term = new MdsTerm(in.getLong());
    long sentAtRevision = in.get(4) < GRANT_VERSION ? 0 : in.getLong();
    VolumeId volume = new VolumeId(in.getLong());
    long revision = in.getLong();
    boolean shared = in.get() != 0;
    int count = in.getInt();
    if (count < 0 || count > in.remaining() / Long.BYTES) {
      throw new BadCommand(count + " attachments in " + in.remaining() + " bytes");
    }
    TreeSet<AttachmentId> admitted = new TreeSet<>();
    for (int i = 0; i < count; i++) {
      admitted.add(new AttachmentId(in.getLong()));
    }
    // The MDS had reached the grant's revision at least.
    return new SetGrant(
        term, Math.max(sentAtRevision, revision), new Grant(volume, revision, admitted, shared));
  }

  private static int checksum(ByteBuffer bytes, int length) {
    CRC32C crc = new CRC32C();
    crc.update(bytes.slice(0, length));
    return (int) crc.getValue();
  }

  /** Bytes that are no command. In a committed entry this is a fault, never to be skipped. */
  public static final class BadCommand extends Exception {
    private static final long serialVersionUID = 1;

    BadCommand(String message) {
      super(message);
    }
  }
}
