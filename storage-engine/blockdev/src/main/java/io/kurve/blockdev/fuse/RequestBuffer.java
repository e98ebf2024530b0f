package io.kurve.blockdev.fuse;

import io.kurve.blockdev.posix.Posix;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/**
 * Memory for one request and its reply, so placed that payloads are page aligned both ways.
 *
 * <pre>
 *   0        errno of the reply's write(2)
 *   64       errno of the request's read(2)
 *   4016     request: in header (40), write_in or read_in (40)
 *   4080                    reply: out header (16)
 *   4096     payload of a WRITE   | body of the reply, payload of a READ
 * </pre>
 *
 * The reply overwrites the request: what is needed of it is taken out first.
 */
final class RequestBuffer {
  private static final int PAGE_BYTES = 4096;
  private static final int READ_CAPTURE_AT = 64;

  private final MemorySegment memory;
  private final MemorySegment request;
  private final MemorySegment payload;
  private final ByteBuffer payloadBytes;
  private final MemorySegment readCapture;
  private final MemorySegment writeCapture;

  /**
   * @param memory page-aligned, of {@link #bytesFor}
   */
  RequestBuffer(MemorySegment memory) {
    this.memory = memory;
    this.request = memory.asSlice(PAGE_BYTES - FuseWire.IN_HEADER_BYTES - FuseWire.WRITE_IN_BYTES);
    this.payload = memory.asSlice(PAGE_BYTES);
    this.payloadBytes = payload.asByteBuffer();
    this.readCapture = memory.asSlice(READ_CAPTURE_AT, Posix.CAPTURE_BYTES);
    this.writeCapture = memory.asSlice(0, Posix.CAPTURE_BYTES);
  }

  static long bytesFor(FuseLimits limits) {
    return (long) PAGE_BYTES + limits.maxWriteBytes();
  }

  MemorySegment request() {
    return request;
  }

  /** The reply's body, behind room for its header. */
  MemorySegment body() {
    return payload;
  }

  /** The first bytes of the payload as a buffer, for one request at a time. */
  ByteBuffer payload(int bytes) {
    return payloadBytes.clear().limit(bytes);
  }

  MemorySegment reply(int bodyBytes, int error, long unique) {
    MemorySegment reply =
        memory.asSlice(
            PAGE_BYTES - FuseWire.OUT_HEADER_BYTES, FuseWire.OUT_HEADER_BYTES + (long) bodyBytes);
    FuseWire.putOutHeader(reply, bodyBytes, error, unique);
    return reply;
  }

  MemorySegment readCapture() {
    return readCapture;
  }

  MemorySegment writeCapture() {
    return writeCapture;
  }
}
