package io.kurve.core.id;

/** A member of a copyset: the chunkserver bound to the store that it had when it became one. */
public record ReplicaId(ChunkserverId chunkserver, StoreId store) implements Comparable<ReplicaId> {
  @Override
  public int compareTo(ReplicaId other) {
    int byChunkserver = chunkserver.compareTo(other.chunkserver);
    return byChunkserver != 0 ? byChunkserver : store.compareTo(other.store);
  }

  @Override
  public String toString() {
    return chunkserver + "/" + store;
  }
}
