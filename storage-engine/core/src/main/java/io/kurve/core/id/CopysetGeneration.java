package io.kurve.core.id;

/** Raised when a copyset's membership is forced; messages of an older one are refused. */
public record CopysetGeneration(long value) implements Comparable<CopysetGeneration> {
  public CopysetGeneration {
    if (value < 1) {
      throw new IllegalArgumentException("CopysetGeneration must be at least 1, not " + value);
    }
  }

  @Override
  public int compareTo(CopysetGeneration other) {
    return Long.compare(value, other.value);
  }

  @Override
  public String toString() {
    return "generation-" + value;
  }
}
