package io.kurve.chunkserver.copyset;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/** The first 128 bits of a SHA-256: equal for equal content, for all that matters. */
public record Digest128(long high, long low) {

  static Digest128 of(ByteBuffer content) {
    MessageDigest hash = newHash();
    hash.update(content);
    return from(hash);
  }

  static MessageDigest newHash() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  static Digest128 from(MessageDigest hash) {
    ByteBuffer result = ByteBuffer.wrap(hash.digest());
    return new Digest128(result.getLong(), result.getLong());
  }

  @Override
  public String toString() {
    return String.format("%016x%016x", high, low);
  }
}
