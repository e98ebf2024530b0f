package io.kurve.client.volume;

import io.kurve.client.Flight;

/** Remembers its number; over when a test says so. */
final class NotedFlight implements Flight {
  private final long earlier;
  long first;
  long highest;
  boolean over;

  NotedFlight() {
    this(0);
  }

  NotedFlight(long earlier) {
    this.earlier = earlier;
  }

  @Override
  public long earlierNumber() {
    return earlier;
  }

  @Override
  public void takes(long number) {
    first = first == 0 ? number : first;
    highest = number;
  }

  @Override
  public boolean isOver() {
    return over;
  }
}
