package io.kurve.core.id;

/** A raft group of replicas that many chunks share. */
public record CopysetId(long value) implements Comparable<CopysetId> {
  public CopysetId {
    if (value < 1) {
      throw new IllegalArgumentException("CopysetId must be at least 1, not " + value);
    }
  }

  @Override
  public int compareTo(CopysetId other) {
    return Long.compare(value, other.value);
  }

  @Override
  public String toString() {
    return "copyset-" + value;
  }
}
