package io.kurve.core.log;

/** A place in a replicated log; index 0 is before the first entry. */
public record LogPosition(long term, long index) implements Comparable<LogPosition> {
  public static final LogPosition BEFORE_ALL = new LogPosition(0, 0);

  @Override
  public int compareTo(LogPosition other) {
    return Long.compare(index, other.index);
  }
}
