package io.kurve.metastore.embedded;

import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.metastore.Bytes;
import io.kurve.core.metastore.Entry;
import io.kurve.core.metastore.Transaction.Delete;
import io.kurve.core.metastore.Transaction.LeaseId;
import io.kurve.core.metastore.Transaction.Put;
import io.kurve.core.metastore.Transaction.Write;
import io.kurve.metastore.embedded.KeyValueState.Held;
import io.kurve.metastore.embedded.LogRecord.LeaseEnded;
import io.kurve.metastore.embedded.LogRecord.LeaseGranted;
import io.kurve.metastore.embedded.LogRecord.Written;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.zip.CRC32C;

/**
 * The files of an embedded store. All numbers are big-endian.
 *
 * <pre>
 *   snapshot   the whole state at one revision, replaced by renaming; names the log that follows it
 *   log.N      what happened since; N rises by one with each snapshot; without a snapshot N is 1
 *
 *   every file  +--------------------+----------------+-----------------+
 *               | magic u64          | version u32    | frame | frame … |
 *               +--------------------+----------------+-----------------+
 *   frame       +-----------+-------------+------------------------+----------------+
 *               | magic u32 | length u32  | CRC32C u32             | body           |
 *               |           | of the body | of chain, length, body | length bytes   |
 *               +-----------+-------------+------------------------+----------------+
 * </pre>
 *
 * A frame holds the records of one synced write, and is whole or absent: a waiter is answered after
 * the sync. The checksum covers the checksum of the frame before it (the chain; 0 for the first),
 * so an old frame can't be taken for a new one. As one frame is written at a time, only the last
 * can be torn: a bad frame with any good one behind it is damage, and never cut off.
 *
 * <p>A snapshot, version 2: a frame with next log u64, revision u64, next lease u64, leases; frames
 * with some entries each; an empty frame, without which some of it is lost. Version 1, which is
 * still read, had all in one frame.
 */
final class StoreFormat {
  static final long SNAPSHOT_MAGIC = 0x4b55525645_534e50L; // "KURVESNP"
  static final long LOG_MAGIC = 0x4b55525645_4c4f47L; // "KURVELOG"
  static final int LOG_VERSION = 1;
  static final int SNAPSHOT_VERSION = 2;
  static final int FILE_HEADER_BYTES = 12;
  static final int FRAME_MAGIC = 0x4b464d31;
  static final int FRAME_HEADER_BYTES = 12;
  static final int MAX_BODY_BYTES = 256 << 20;

  /** So many bytes of entries end a frame of a snapshot. */
  static final int ENTRIES_BYTES = 4 << 20;

  /** The state as the files give it. */
  record Image(
      long nextLog,
      long revision,
      long nextLease,
      SortedMap<Long, Duration> leases,
      List<Held> entries) {
    Image with(List<Held> found) {
      return new Image(nextLog, revision, nextLease, leases, found);
    }
  }

  /** A frame's body and the checksum that the next one chains to. */
  record Frame(byte[] body, int checksum) {}

  private StoreFormat() {}

  static ByteBuffer fileHeader(long magic, int version) {
    return ByteBuffer.allocate(FILE_HEADER_BYTES).putLong(magic).putInt(version).flip();
  }

  /** The file's version, of those up to the newest that is known. */
  static int checkFileHeader(String file, ByteBuffer content, long magic, int newest) {
    if (content.remaining() < FILE_HEADER_BYTES || content.getLong() != magic) {
      throw damaged(file + " is not a metadata store's file");
    }
    int version = content.getInt();
    if (version < 1 || version > newest) {
      throw new KurveException(
          ErrorCode.BAD_STORE,
          file + " has format version " + version + "; this software knows version " + newest,
          "start the version of Kurve that wrote it");
    }
    return version;
  }

  static KurveException damaged(String what) {
    return new KurveException(
        ErrorCode.BAD_STORE, what, "restore the metadata store from its backup");
  }

  static ByteBuffer frame(byte[] body, int chain) {
    if (body.length > MAX_BODY_BYTES) {
      throw new IllegalArgumentException(
          "a frame of " + body.length + " bytes: none above " + MAX_BODY_BYTES + " is read again");
    }
    return ByteBuffer.allocate(FRAME_HEADER_BYTES + body.length)
        .putInt(FRAME_MAGIC)
        .putInt(body.length)
        .putInt(checksum(body, chain))
        .put(body)
        .flip();
  }

  static int checksum(byte[] body, int chain) {
    CRC32C crc = new CRC32C();
    crc.update(ByteBuffer.allocate(8).putInt(chain).putInt(body.length).flip());
    crc.update(body);
    return (int) crc.getValue();
  }

  /** The frame at the buffer's position, which moves behind it; empty when none is whole there. */
  static Optional<Frame> readFrame(ByteBuffer content, int chain) {
    int start = content.position();
    if (content.remaining() < FRAME_HEADER_BYTES || content.getInt(start) != FRAME_MAGIC) {
      return Optional.empty();
    }
    int length = content.getInt(start + 4);
    if (length < 0
        || length > MAX_BODY_BYTES
        || length > content.remaining() - FRAME_HEADER_BYTES) {
      return Optional.empty();
    }
    byte[] body = new byte[length];
    content.get(start + FRAME_HEADER_BYTES, body);
    int stored = content.getInt(start + 8);
    if (stored != checksum(body, chain)) {
      return Optional.empty();
    }
    content.position(start + FRAME_HEADER_BYTES + length);
    return Optional.of(new Frame(body, stored));
  }

  /**
   * True when a frame begins anywhere behind this position: its chain can't be known there, so its
   * magic and a length that ends at the file's end or at another frame's magic stand for it.
   */
  static boolean frameBehind(ByteBuffer content, int position) {
    for (int at = position; at + FRAME_HEADER_BYTES <= content.limit(); at++) {
      if (content.getInt(at) == FRAME_MAGIC) {
        long end = (long) at + FRAME_HEADER_BYTES + content.getInt(at + 4);
        boolean lengthFits = content.getInt(at + 4) >= 0 && end <= content.limit();
        if (lengthFits
            && (end == content.limit()
                || (end + 4 <= content.limit() && content.getInt((int) end) == FRAME_MAGIC))) {
          return true;
        }
      }
    }
    return false;
  }

  static byte[] encode(List<LogRecord> records) {
    return bytes(out -> {
      out.writeInt(records.size());
      for (LogRecord record : records) {
        switch (record) {
          case Written(long revision, List<Write> writes) -> {
            out.writeByte(1);
            out.writeLong(revision);
            out.writeInt(writes.size());
            for (Write write : writes) {
              writeWrite(out, write);
            }
          }
          case LeaseGranted(LeaseId lease, Duration timeToLive) -> {
            out.writeByte(2);
            out.writeLong(lease.value());
            out.writeLong(timeToLive.toMillis());
          }
          case LeaseEnded(LeaseId lease) -> {
            out.writeByte(3);
            out.writeLong(lease.value());
          }
        }
      }
    });
  }

  static List<LogRecord> decode(String file, byte[] body) {
    return parse(
        file,
        body,
        in -> {
          int count = in.readInt();
          List<LogRecord> records = new ArrayList<>();
          for (int i = 0; i < count; i++) {
            int type = in.readUnsignedByte();
            records.add(
                switch (type) {
                  case 1 -> new Written(in.readLong(), readWrites(in));
                  case 2 ->
                      new LeaseGranted(
                          new LeaseId(in.readLong()), Duration.ofMillis(in.readLong()));
                  case 3 -> new LeaseEnded(new LeaseId(in.readLong()));
                  default -> throw new IOException("record type " + type);
                });
          }
          return records;
        });
  }

  /** All but the entries. */
  static byte[] encodeHead(Image image) {
    return bytes(out -> {
      out.writeLong(image.nextLog());
      out.writeLong(image.revision());
      out.writeLong(image.nextLease());
      out.writeInt(image.leases().size());
      for (Map.Entry<Long, Duration> lease : image.leases().entrySet()) {
        out.writeLong(lease.getKey());
        out.writeLong(lease.getValue().toMillis());
      }
    });
  }

  /** The next ones, one at least, until these many bytes are reached. */
  static byte[] encodeEntries(Iterator<Held> entries, int bytes) {
    return bytes(out -> {
      while (entries.hasNext() && out.size() < bytes) {
        Held held = entries.next();
        writeText(out, held.entry().key());
        writeBytes(out, held.entry().value().toArray());
        out.writeLong(held.entry().createRevision());
        out.writeLong(held.entry().modifyRevision());
        out.writeLong(held.lease().map(LeaseId::value).orElse(0L));
      }
    });
  }

  static Image decodeImageOfVersion1(String file, byte[] body) {
    return parse(
        file,
        body,
        in -> {
          Image head = readHead(in);
          int count = in.readInt();
          List<Held> entries = readEntries(in);
          if (entries.size() != count) {
            throw new IOException(entries.size() + " entries, not " + count);
          }
          return head.with(entries);
        });
  }

  static Image decodeHead(String file, byte[] body) {
    return parse(file, body, StoreFormat::readHead);
  }

  static List<Held> decodeEntries(String file, byte[] body) {
    return parse(file, body, StoreFormat::readEntries);
  }

  private static Image readHead(DataInputStream in) throws IOException {
    long nextLog = in.readLong();
    long revision = in.readLong();
    long nextLease = in.readLong();
    SortedMap<Long, Duration> leases = new TreeMap<>();
    for (int count = in.readInt(); count > 0; count--) {
      leases.put(in.readLong(), Duration.ofMillis(in.readLong()));
    }
    return new Image(nextLog, revision, nextLease, leases, List.of());
  }

  private static List<Held> readEntries(DataInputStream in) throws IOException {
    List<Held> entries = new ArrayList<>();
    while (in.available() > 0) {
      Entry entry =
          new Entry(readText(in), Bytes.copyOf(readBytes(in)), in.readLong(), in.readLong());
      entries.add(new Held(entry, readLease(in)));
    }
    return entries;
  }

  private static void writeWrite(DataOutputStream out, Write write) throws IOException {
    switch (write) {
      case Put(String key, Bytes value, Optional<LeaseId> lease) -> {
        out.writeByte(1);
        writeText(out, key);
        writeBytes(out, value.toArray());
        out.writeLong(lease.map(LeaseId::value).orElse(0L));
      }
      case Delete(String key) -> {
        out.writeByte(2);
        writeText(out, key);
      }
    }
  }

  private static List<Write> readWrites(DataInputStream in) throws IOException {
    List<Write> writes = new ArrayList<>();
    for (int count = in.readInt(); count > 0; count--) {
      int type = in.readUnsignedByte();
      writes.add(
          switch (type) {
            case 1 -> new Put(readText(in), Bytes.copyOf(readBytes(in)), readLease(in));
            case 2 -> new Delete(readText(in));
            default -> throw new IOException("write type " + type);
          });
    }
    return writes;
  }

  private static Optional<LeaseId> readLease(DataInputStream in) throws IOException {
    long lease = in.readLong();
    return lease == 0 ? Optional.empty() : Optional.of(new LeaseId(lease));
  }

  private static void writeText(DataOutputStream out, String text) throws IOException {
    writeBytes(out, text.getBytes(StandardCharsets.UTF_8));
  }

  private static String readText(DataInputStream in) throws IOException {
    return new String(readBytes(in), StandardCharsets.UTF_8);
  }

  private static void writeBytes(DataOutputStream out, byte[] content) throws IOException {
    out.writeInt(content.length);
    out.write(content);
  }

  private static byte[] readBytes(DataInputStream in) throws IOException {
    int length = in.readInt();
    if (length < 0 || length > in.available()) {
      throw new IOException("length " + length);
    }
    return in.readNBytes(length);
  }

  private interface Encoder {
    void writeTo(DataOutputStream out) throws IOException;
  }

  private interface Decoder<T> {
    T readFrom(DataInputStream in) throws IOException;
  }

  private static byte[] bytes(Encoder encoder) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      encoder.writeTo(out);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  private static <T> T parse(String file, byte[] body, Decoder<T> decoder) {
    try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(body))) {
      T value = decoder.readFrom(in);
      if (in.available() > 0) {
        throw new IOException(in.available() + " bytes too many");
      }
      return value;
    } catch (IOException e) {
      throw damaged(
          file + " has a frame with a good checksum that can't be read: " + e.getMessage());
    }
  }
}
