package io.kurve.protocol.convert;

import io.kurve.core.checksum.BlockChecksum;
import io.kurve.protocol.frame.Frame;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32C;

/** Checksums of payloads. */
final class Payloads {
  private Payloads() {}

  /** Of the parts one behind the other; 0 when there is nothing. */
  static int crc(List<ByteBuffer> payload) {
    CRC32C crc = new CRC32C();
    payload.forEach(part -> crc.update(part.duplicate()));
    return (int) crc.getValue();
  }

  static void verify(Frame frame, int stated) {
    int arrived = crc(frame.parts());
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
