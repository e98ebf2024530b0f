package io.kurve.protocol.frame;

import io.kurve.core.unit.Geometry;
import org.jspecify.annotations.Nullable;

/** What a frame carries, and how much of it. The codes are on the wire: never changed. */
public enum FrameType {
  HELLO(1, Sizes.HANDSHAKE_HEADER, 0),
  CHALLENGE(2, Sizes.HANDSHAKE_HEADER, 0),
  PROOF(3, Sizes.HANDSHAKE_HEADER, 0),
  WELCOME(4, Sizes.HANDSHAKE_HEADER, 0),
  REFUSED(5, Sizes.HANDSHAKE_HEADER, 0),
  PING(6, 0, 0),
  PONG(7, 0, 0),
  DATA_REQUEST(16, Sizes.HEADER, Geometry.MAX_REQUEST_BYTES),
  DATA_REPLY(17, Sizes.HEADER, Geometry.MAX_REQUEST_BYTES),
  PEER_REQUEST(32, Sizes.HEADER, Sizes.PEER_PAYLOAD),
  PEER_REPLY(33, Sizes.HEADER, Sizes.PEER_PAYLOAD),
  REPLICA_REQUEST(48, Sizes.HEADER, 0),
  REPLICA_REPLY(49, Sizes.HEADER, Sizes.PEER_PAYLOAD);

  private final int code;
  private final int maxHeaderBytes;
  private final int maxPayloadBytes;

  FrameType(int code, int maxHeaderBytes, int maxPayloadBytes) {
    this.code = code;
    this.maxHeaderBytes = maxHeaderBytes;
    this.maxPayloadBytes = maxPayloadBytes;
  }

  int code() {
    return code;
  }

  public int maxHeaderBytes() {
    return maxHeaderBytes;
  }

  public int maxPayloadBytes() {
    return maxPayloadBytes;
  }

  boolean isHandshake() {
    return code <= REFUSED.code;
  }

  static @Nullable FrameType ofCode(int code) {
    for (FrameType type : values()) {
      if (type.code == code) {
        return type;
      }
    }
    return null;
  }

  private static final class Sizes {
    static final int HANDSHAKE_HEADER = 4 << 10;
    static final int HEADER = 64 << 10;
    static final int PEER_PAYLOAD = 8 << 20;
  }
}
