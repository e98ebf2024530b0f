package io.kurve.core.id;

/** The create revision of the MDS leader's key: a higher one deposes every lower one. */
public record MdsTerm(long value) implements Comparable<MdsTerm> {
  public MdsTerm {
    if (value < 0) {
      throw new IllegalArgumentException("MdsTerm must be at least 0, not " + value);
    }
  }

  @Override
  public int compareTo(MdsTerm other) {
    return Long.compare(value, other.value);
  }

  @Override
  public String toString() {
    return "term-" + value;
  }
}
