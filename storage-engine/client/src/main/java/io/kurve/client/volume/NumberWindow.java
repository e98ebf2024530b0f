package io.kurve.client.volume;

import java.util.TreeSet;

/**
 * The numbers of an attachment's requests, from 1 on: which are not answered yet, and the low-water
 * mark below which all are.
 */
final class NumberWindow {
  private final int span;
  private final TreeSet<Long> open = new TreeSet<>();
  private long next = 1;

  NumberWindow(int span) {
    this.span = span;
  }

  /** False while the oldest open number is too far behind for another one. */
  boolean hasRoom() {
    return next - answeredBelow() < span;
  }

  long open() {
    long number = next++;
    open.add(number);
    return number;
  }

  void answered(long number) {
    if (!open.remove(number)) {
      throw new IllegalStateException("request " + number + " is not open");
    }
  }

  /** All requests with a lower number are answered. */
  long answeredBelow() {
    return open.isEmpty() ? next : open.first();
  }
}
