package io.kurve.core.id;

/** How often a store has been started; 0 is a store that was only formatted. */
public record StoreGeneration(long value) implements Comparable<StoreGeneration> {
  public StoreGeneration {
    if (value < 0) {
      throw new IllegalArgumentException("StoreGeneration must be at least 0, not " + value);
    }
  }

  @Override
  public int compareTo(StoreGeneration other) {
    return Long.compare(value, other.value);
  }

  @Override
  public String toString() {
    return "start-" + value;
  }
}
