package io.kurve.chunkserver.copyset;

import io.kurve.core.data.ChunkAddress;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.AttachmentId;
import io.kurve.core.id.MdsTerm;
import io.kurve.core.id.VolumeId;
import io.kurve.core.metastore.Bytes;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.Collection;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.CRC32C;

/**
 * Control state as bytes in a checkpoint, the same on every replica at one log position. All
 * numbers are big-endian.
 *
 * <pre>
 *  0 magic "KCTL"  4 version u8: 2  5 zero u8 x 3  8 MDS term i64
 * 16 chunks: count i32, digest of their addresses in order of chunk id 2 x i64
 *    volumes: count i32, each
 *      volume i64, revision i64, shared u8, sequence i64, highest admitted i64
 *      admitted: count i32, each: attachment i64, answered below i64, known: count i32, key i64 ...
 *    deleted: count i32, each: volume i64, transaction i64
 *    forgotten up to i64
 *    CRC32C of all before it
 * </pre>
 *
 * Version 1 had a list of fenced attachments before the admitted ones (count i32, attachment i64
 * ...), and did not have the last number.
 */
final class ControlCodec {
  private static final int MAGIC = 0x4b43544c;
  private static final byte VERSION = 2;
  private static final byte WITH_FENCED_LISTS = 1;
  private static final int FIXED_BYTES = 16 + 4 + 16 + 4 + 4 + 8 + 4;
  private static final int LEAST_BYTES = 16 + 4 + 16 + 4 + 4 + 4;
  private static final int VOLUME_BYTES = 4 * 8 + 1 + 4;
  private static final int ADDRESS_BYTES = 3 * 8;

  private ControlCodec() {}

  /** What a checkpoint says of the chunks: enough to see that a list of them is the right one. */
  record ChunkListSeal(int count, Digest128 digest) {
    /** Of addresses in order of chunk id. */
    static ChunkListSeal of(Collection<ChunkAddress> chunks) {
      ByteBuffer content = ByteBuffer.allocate(chunks.size() * ADDRESS_BYTES);
      for (ChunkAddress chunk : chunks) {
        content
            .putLong(chunk.volume().value())
            .putLong(chunk.index())
            .putLong(chunk.chunk().value());
      }
      return new ChunkListSeal(chunks.size(), Digest128.of(content.flip()));
    }
  }

  record Decoded(ControlState control, ChunkListSeal chunks) {}

  static Bytes encode(ControlState control, ChunkListSeal chunks) {
    ByteBuffer out =
        ByteBuffer.allocate(sizeOf(control))
            .putInt(MAGIC)
            .putInt(VERSION << 24)
            .putLong(control.term().value())
            .putInt(chunks.count())
            .putLong(chunks.digest().high())
            .putLong(chunks.digest().low())
            .putInt(control.volumes().size());
    control.volumes().forEach((id, volume) -> putVolume(out, id, volume));
    out.putInt(control.deleted().size());
    control.deleted().forEach((id, transaction) -> out.putLong(id.value()).putLong(transaction));
    out.putLong(control.forgottenUpTo());
    out.putInt(checksum(out.array(), out.position()));
    return Bytes.copyOf(out.array());
  }

  /**
   * @throws KurveException BAD_STORE when the bytes are damaged or of a newer version
   */
  static Decoded decode(Bytes bytes) {
    byte[] content = bytes.toArray();
    ByteBuffer in = ByteBuffer.wrap(content);
    if (content.length < LEAST_BYTES || in.getInt() != MAGIC) {
      throw bad(content.length + " bytes that do not begin as control state", "");
    }
    byte version = in.get();
    if (version < WITH_FENCED_LISTS || version > VERSION) {
      throw bad("its version is " + version + ", not " + VERSION, "start the newer software again");
    }
    int body = content.length - Integer.BYTES;
    if (in.getInt(body) != checksum(content, body)) {
      throw bad("it does not match its checksum", KurveException.GO_ON_WITHOUT_IT);
    }
    in.position(8).limit(body);
    try {
      MdsTerm term = new MdsTerm(in.getLong());
      ChunkListSeal chunks =
          new ChunkListSeal(in.getInt(), new Digest128(in.getLong(), in.getLong()));
      TreeMap<VolumeId, VolumeControl> volumes = new TreeMap<>();
      for (int left = in.getInt(); left > 0; left--) {
        volumes.put(new VolumeId(in.getLong()), getVolume(in, version));
      }
      TreeMap<VolumeId, Long> deleted = new TreeMap<>();
      for (int left = in.getInt(); left > 0; left--) {
        deleted.put(new VolumeId(in.getLong()), in.getLong());
      }
      long forgottenUpTo = version == WITH_FENCED_LISTS ? 0 : in.getLong();
      return new Decoded(new ControlState(term, volumes, deleted, forgottenUpTo), chunks);
    } catch (BufferUnderflowException | IllegalArgumentException e) {
      throw bad("it does not hold together: " + e, KurveException.GO_ON_WITHOUT_IT);
    }
  }

  private static void putVolume(ByteBuffer out, VolumeId id, VolumeControl volume) {
    VolumeControl.Parts parts = volume.parts();
    out.putLong(id.value())
        .putLong(parts.revision())
        .put((byte) (parts.shared() ? 1 : 0))
        .putLong(parts.sequence())
        .putLong(parts.highestAdmitted())
        .putInt(volume.admitted().size());
    for (Map.Entry<AttachmentId, RequestWindow> entry : volume.admitted().entrySet()) {
      RequestWindow window = entry.getValue();
      out.putLong(entry.getKey().value()).putLong(window.answeredBelow()).putInt(window.size());
      window.keys().forEach(out::putLong);
    }
  }

  private static VolumeControl getVolume(ByteBuffer in, byte version) {
    long revision = in.getLong();
    boolean shared = in.get() != 0;
    long sequence = in.getLong();
    long highest = in.getLong();
    if (version == WITH_FENCED_LISTS) {
      for (int left = in.getInt(); left > 0; left--) {
        highest = Math.max(highest, in.getLong());
      }
    }
    TreeMap<AttachmentId, RequestWindow> admitted = new TreeMap<>();
    for (int left = in.getInt(); left > 0; left--) {
      AttachmentId attachment = new AttachmentId(in.getLong());
      long answeredBelow = in.getLong();
      long[] keys = new long[checkedCount(in.getInt(), in)];
      for (int i = 0; i < keys.length; i++) {
        keys[i] = in.getLong();
      }
      admitted.put(attachment, RequestWindow.of(answeredBelow, keys));
    }
    if (!admitted.isEmpty()) {
      highest = Math.max(highest, admitted.lastKey().value());
    }
    return VolumeControl.restore(
        new VolumeControl.Parts(revision, shared, sequence, highest), admitted);
  }

  private static int checkedCount(int count, ByteBuffer in) {
    if (count < 0 || count > in.remaining() / Long.BYTES) {
      throw new IllegalArgumentException(count + " numbers in " + in.remaining() + " bytes");
    }
    return count;
  }

  private static int sizeOf(ControlState control) {
    int size = FIXED_BYTES + control.deleted().size() * 2 * Long.BYTES;
    for (VolumeControl volume : control.volumes().values()) {
      size += VOLUME_BYTES;
      for (RequestWindow window : volume.admitted().values()) {
        size += 2 * Long.BYTES + Integer.BYTES + window.size() * Long.BYTES;
      }
    }
    return size;
  }

  private static int checksum(byte[] content, int length) {
    CRC32C crc = new CRC32C();
    crc.update(content, 0, length);
    return (int) crc.getValue();
  }

  private static KurveException bad(String why, String cure) {
    return new KurveException(
        ErrorCode.BAD_STORE, "a copyset's control state is bad: " + why, cure);
  }
}
