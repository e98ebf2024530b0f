package io.kurve.core.checksum;

import io.kurve.core.unit.Geometry;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/** CRC32C of whole blocks: what the client computes, the frame carries and the store keeps. */
public final class BlockChecksum {
  /** The checksum of a block of zeros. */
  public static final int ZERO_BLOCK = of(ByteBuffer.allocate(Geometry.BLOCK_BYTES));

  private BlockChecksum() {}

  /** Of all remaining bytes; the buffer's position does not move. */
  public static int of(ByteBuffer bytes) {
    CRC32C crc = new CRC32C();
    crc.update(bytes.duplicate());
    return (int) crc.getValue();
  }

  /** One checksum a block; the remaining bytes must be whole blocks. */
  public static int[] ofBlocks(ByteBuffer blocks) {
    int count = blocks.remaining() / Geometry.BLOCK_BYTES;
    if (count * Geometry.BLOCK_BYTES != blocks.remaining()) {
      throw new IllegalArgumentException(blocks.remaining() + " bytes are not whole blocks");
    }
    int[] checksums = new int[count];
    CRC32C crc = new CRC32C();
    for (int block = 0; block < count; block++) {
      crc.reset();
      crc.update(
          blocks.slice(blocks.position() + block * Geometry.BLOCK_BYTES, Geometry.BLOCK_BYTES));
      checksums[block] = (int) crc.getValue();
    }
    return checksums;
  }
}
