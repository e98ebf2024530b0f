package io.kurve.protocol.handshake;

import io.kurve.protocol.v1.Challenge;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;

/**
 * What both sides have said, as the proofs cover it: the Hello's bytes as sent and the Challenge's
 * without its proof, each with its length in front. Labels keep one proof from passing for another.
 */
final class Transcript {
  private final ClusterKey key;
  private final byte[] said;

  Transcript(ClusterKey key, byte[] hello, Challenge challenge) {
    this.key = key;
    byte[] answer = challenge.toBuilder().clearProof().build().toByteArray();
    this.said =
        ByteBuffer.allocate(8 + hello.length + answer.length)
            .putInt(hello.length)
            .put(hello)
            .putInt(answer.length)
            .put(answer)
            .array();
  }

  byte[] serverProof() {
    return proof("kurve server proof 1");
  }

  byte[] askerProof() {
    return proof("kurve asker proof 1");
  }

  /** Shown with each call where a connection alone does not carry the session. */
  byte[] sessionProof() {
    return proof("kurve session proof 1");
  }

  private byte[] proof(String label) {
    return key.hmac(label.getBytes(StandardCharsets.US_ASCII), said);
  }

  static boolean same(byte[] one, byte[] other) {
    return MessageDigest.isEqual(one, other);
  }
}
