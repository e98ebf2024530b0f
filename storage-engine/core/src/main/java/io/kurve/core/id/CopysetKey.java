package io.kurve.core.id;

/** A copyset in one generation: the name of its raft group. */
public record CopysetKey(CopysetId id, CopysetGeneration generation)
    implements Comparable<CopysetKey> {
  @Override
  public int compareTo(CopysetKey other) {
    int byId = id.compareTo(other.id);
    return byId != 0 ? byId : generation.compareTo(other.generation);
  }

  @Override
  public String toString() {
    return id + "." + generation.value();
  }
}
