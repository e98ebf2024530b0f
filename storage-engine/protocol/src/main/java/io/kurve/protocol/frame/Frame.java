package io.kurve.protocol.frame;

import java.nio.ByteBuffer;
import java.util.List;

/**
 * One frame as it was received or is to be sent.
 *
 * <pre>
 *   0        4         5      6       8               12               16            24         28
 *   +--------+---------+------+-------+---------------+----------------+-------------+----------+--------+
 *   | "KRVF" | version | type | flags | header length | payload length | correlation | reserved | CRC32C |
 *   +--------+---------+------+-------+---------------+----------------+-------------+----------+--------+
 *   | header: one protobuf message                                                                       |
 *   +----------------------------------------------------------------------------------------------------+
 *   | payload: raw bytes                                                                                 |
 *   +----------------------------------------------------------------------------------------------------+
 * </pre>
 *
 * <p>All numbers are big endian. Flags and reserved are zero; anything else is another version's.
 * The CRC32C covers the first 28 bytes and the header. The payload has checksums of its own in the
 * header: one a block for data, one for all else.
 *
 * @param correlation chosen by the asker, repeated in the answer
 * @param header the message's bytes
 * @param parts of the payload, one behind the other
 */
public record Frame(FrameType type, long correlation, byte[] header, List<ByteBuffer> parts) {
  public static final int VERSION = 1;
  static final int MAGIC = 0x4B525646;
  static final int PREAMBLE_BYTES = 32;
  static final int CHECKSUM_OFFSET = 28;
  static final ByteBuffer NO_PAYLOAD = ByteBuffer.allocate(0);

  public Frame(FrameType type, long correlation, byte[] header, ByteBuffer payload) {
    this(type, correlation, header, List.of(payload));
  }

  /** Of a frame that was received: a heap buffer of its own, of exactly its size. */
  public ByteBuffer payload() {
    if (parts.size() != 1) {
      throw new IllegalStateException("a payload in " + parts.size() + " parts");
    }
    return parts.getFirst();
  }

  int payloadBytes() {
    int bytes = 0;
    for (ByteBuffer part : parts) {
      bytes = Math.addExact(bytes, part.remaining());
    }
    return bytes;
  }

  public static Frame of(FrameType type, long correlation, byte[] header) {
    return new Frame(type, correlation, header, NO_PAYLOAD);
  }
}
