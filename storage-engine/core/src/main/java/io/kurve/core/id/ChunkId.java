package io.kurve.core.id;

/** 16 MiB of one volume, unique in the cluster and never reused. */
public record ChunkId(long value) implements Comparable<ChunkId> {
  public ChunkId {
    if (value < 1) {
      throw new IllegalArgumentException("ChunkId must be at least 1, not " + value);
    }
  }

  @Override
  public int compareTo(ChunkId other) {
    return Long.compare(value, other.value);
  }

  @Override
  public String toString() {
    return "chunk-" + value;
  }
}
