package io.kurve.client.volume;

import io.kurve.core.unit.Geometry;
import java.nio.ByteBuffer;
import java.util.TreeMap;

/** Bytes of a volume or chunk; what was never written reads as zeros. */
final class SparseImage {
  private final TreeMap<Long, byte[]> blocks = new TreeMap<>();

  void write(long offset, ByteBuffer source) {
    ByteBuffer bytes = source.duplicate();
    long at = offset;
    while (bytes.hasRemaining()) {
      int inBlock = (int) (at % Geometry.BLOCK_BYTES);
      int length = Math.min(bytes.remaining(), Geometry.BLOCK_BYTES - inBlock);
      byte[] block =
          blocks.computeIfAbsent(
              at / Geometry.BLOCK_BYTES, index -> new byte[Geometry.BLOCK_BYTES]);
      bytes.get(block, inBlock, length);
      at += length;
    }
  }

  void zero(long offset, long length) {
    long end = offset + length;
    long firstWhole = Math.ceilDiv(offset, Geometry.BLOCK_BYTES);
    long endWhole = end / Geometry.BLOCK_BYTES;
    if (firstWhole >= endWhole) {
      write(offset, ByteBuffer.allocate((int) length));
      return;
    }
    blocks.subMap(firstWhole, endWhole).clear();
    write(offset, ByteBuffer.allocate((int) (firstWhole * Geometry.BLOCK_BYTES - offset)));
    long tail = endWhole * Geometry.BLOCK_BYTES;
    write(tail, ByteBuffer.allocate((int) (end - tail)));
  }

  byte[] read(long offset, int length) {
    byte[] bytes = new byte[length];
    int done = 0;
    while (done < length) {
      long at = offset + done;
      int inBlock = (int) (at % Geometry.BLOCK_BYTES);
      int part = Math.min(length - done, Geometry.BLOCK_BYTES - inBlock);
      byte[] block = blocks.get(at / Geometry.BLOCK_BYTES);
      if (block != null) {
        System.arraycopy(block, inBlock, bytes, done, part);
      }
      done += part;
    }
    return bytes;
  }
}
