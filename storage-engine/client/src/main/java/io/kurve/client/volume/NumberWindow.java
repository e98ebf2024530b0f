package io.kurve.client.volume;

import io.kurve.client.Resumption;
import java.util.TreeSet;

/**
 * The numbers of an attachment's requests, from 1 on: which may still be sent, and the low-water
 * mark below which none is.
 */
final class NumberWindow {
  private final int span;
  private final TreeSet<Long> open = new TreeSet<>();

  /** Of an earlier process, and not asked for again yet. */
  private final TreeSet<Long> unclaimed = new TreeSet<>();

  private long next = 1;

  NumberWindow(int span) {
    this.span = span;
  }

  /** Goes on where an earlier process stopped. */
  NumberWindow(int span, Resumption resumption) {
    this.span = span;
    this.next = resumption.highest() + 1;
    this.open.addAll(resumption.unanswered());
    this.unclaimed.addAll(resumption.unanswered());
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

  /** A number that an earlier process gave to the same request. */
  void claim(long number) {
    if (number >= next || number < answeredBelow()) {
      throw new IllegalStateException("request " + number + " can't be sent again");
    }
    unclaimed.remove(number);
    open.add(number);
  }

  /** Nobody will claim any more. */
  void closeUnclaimed() {
    open.removeAll(unclaimed);
    unclaimed.clear();
  }

  void answered(long number) {
    if (!open.remove(number)) {
      throw new IllegalStateException("request " + number + " is not open");
    }
  }

  /** No request with a lower number is sent any more. */
  long answeredBelow() {
    return open.isEmpty() ? next : open.first();
  }
}
