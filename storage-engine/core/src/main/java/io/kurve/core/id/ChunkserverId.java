package io.kurve.core.id;

/** One disk's server; given by the MDS once and never reused. */
public record ChunkserverId(long value) implements Comparable<ChunkserverId> {
  public ChunkserverId {
    if (value < 1) {
      throw new IllegalArgumentException("ChunkserverId must be at least 1, not " + value);
    }
  }

  @Override
  public int compareTo(ChunkserverId other) {
    return Long.compare(value, other.value);
  }

  @Override
  public String toString() {
    return "cs-" + value;
  }
}
