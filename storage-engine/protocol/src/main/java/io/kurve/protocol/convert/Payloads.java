package io.kurve.protocol.convert;

import io.kurve.core.checksum.BlockChecksum;
import io.kurve.protocol.frame.Frame;
import java.nio.ByteBuffer;
import java.util.Arrays;

/** Checksums of payloads. */
final class Payloads {
  private Payloads() {}

  static int crc(ByteBuffer payload) {
    return payload.hasRemaining() ? BlockChecksum.of(payload) : 0;
  }

  static void verify(Frame frame, int stated) {
    int arrived = crc(frame.payload());
    if (arrived != stated) {
      throw new BadMessage(
          String.format(
              "the payload of a %s has CRC32C 0x%08x on arrival, 0x%08x at its sender",
              frame.type(), arrived, stated));
    }
  }

  static void verifyBlocks(Frame frame, int[] stated) {
    int damaged = Arrays.mismatch(BlockChecksum.ofBlocks(frame.payload()), stated);
    if (damaged >= 0) {
      throw new BadMessage(
          "block " + damaged + " of a " + frame.type() + " does not match its checksum on arrival");
    }
  }
}
