package io.kurve.chunkserver.copyset;

import io.kurve.core.id.ChunkId;
import java.util.List;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.stream.Stream;

/**
 * Keeps readers of a chunk's blocks apart from the one who changes them, so that nobody sees half a
 * block, and a slot is not given back under a reader. Chunks share a fixed number of locks.
 */
final class ChunkGuards {
  private static final int STRIPES = 64;

  private final List<ReadWriteLock> stripes =
      Stream.<ReadWriteLock>generate(ReentrantReadWriteLock::new).limit(STRIPES).toList();

  Lock reading(ChunkId chunk) {
    return stripe(chunk).readLock();
  }

  Lock changing(ChunkId chunk) {
    return stripe(chunk).writeLock();
  }

  private ReadWriteLock stripe(ChunkId chunk) {
    return stripes.get((int) (chunk.value() % STRIPES));
  }
}
