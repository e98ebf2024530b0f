package io.kurve.chunkserver.copyset;

import io.kurve.chunkserver.store.SlotStore;
import io.kurve.chunkserver.store.SlotStore.Slot;
import io.kurve.core.data.ReplicaMessages;
import io.kurve.core.unit.Geometry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;

/**
 * Some blocks of a chunk as they were on the disk, and digests of bytes: a block's checksum tells
 * damage, but its 32 bits don't tell one content from any other.
 *
 * @param unreadable by position; their bytes and digests mean nothing
 */
record BlockBytes(ByteBuffer data, BitSet unreadable) {
  /**
   * @param numbers of the blocks, rising, at most {@link ReplicaMessages#MAX_BLOCKS}
   */
  static BlockBytes read(SlotStore store, Slot slot, int[] numbers) {
    ByteBuffer data = ByteBuffer.allocate(numbers.length * Geometry.BLOCK_BYTES);
    BitSet unreadable = new BitSet();
    int first = 0;
    while (first < numbers.length) {
      int end = first + 1;
      while (end < numbers.length && numbers[end] == numbers[end - 1] + 1) {
        end++;
      }
      ByteBuffer run =
          data.slice(first * Geometry.BLOCK_BYTES, (end - first) * Geometry.BLOCK_BYTES);
      int offset = first;
      store.read(slot, numbers[first], end - first, run, new int[end - first]).stream()
          .forEach(i -> unreadable.set(offset + i));
      first = end;
    }
    return new BlockBytes(data, unreadable);
  }

  List<Digest128> digests() {
    List<Digest128> digests = new ArrayList<>();
    for (int offset = 0; offset < data.capacity(); offset += Geometry.BLOCK_BYTES) {
      digests.add(Digest128.of(data.slice(offset, Geometry.BLOCK_BYTES)));
    }
    return digests;
  }

  /** Over all of a chunk's bytes; empty when some can't be read. */
  static Optional<Digest128> ofChunk(RunReader reader) throws IOException {
    MessageDigest hash = Digest128.newHash();
    int count = ReplicaMessages.MAX_BLOCKS;
    ByteBuffer data = ByteBuffer.allocate(count * Geometry.BLOCK_BYTES);
    for (int first = 0; first < Geometry.BLOCKS_PER_CHUNK; first += count) {
      if (!reader.read(first, count, data.clear())) {
        return Optional.empty();
      }
      hash.update(data.flip());
    }
    return Optional.of(Digest128.from(hash));
  }

  @FunctionalInterface
  interface RunReader {
    /** False when it can't. */
    boolean read(int first, int count, ByteBuffer target) throws IOException;
  }
}
