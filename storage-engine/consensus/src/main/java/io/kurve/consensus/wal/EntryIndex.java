package io.kurve.consensus.wal;

import java.util.Arrays;

/** Where a group's entries lie: three arrays in step, 20 bytes an entry. Consecutive indexes. */
final class EntryIndex {
  private static final int MIN_CAPACITY = 16;

  private long[] addresses = new long[MIN_CAPACITY];
  private long[] terms = new long[MIN_CAPACITY];
  private int[] bodyBytes = new int[MIN_CAPACITY];

  /** The slot of the first entry. */
  private int from;

  private int count;
  private long firstIndex = 1;

  boolean isEmpty() {
    return count == 0;
  }

  long firstIndex() {
    return firstIndex;
  }

  long lastIndex() {
    return firstIndex + count - 1;
  }

  boolean holds(long index) {
    return index >= firstIndex && index <= lastIndex();
  }

  long address(long index) {
    return addresses[slot(index)];
  }

  long term(long index) {
    return terms[slot(index)];
  }

  int bodyBytes(long index) {
    return bodyBytes[slot(index)];
  }

  /** The entry after the last one. */
  void add(long term, long address, int bytes) {
    if (from + count == addresses.length) {
      makeRoom();
    }
    int slot = from + count++;
    addresses[slot] = address;
    terms[slot] = term;
    bodyBytes[slot] = bytes;
  }

  /** Drops entries below this index; it may lie behind the last one. */
  void dropBefore(long index) {
    if (index > lastIndex()) {
      startAt(index);
    } else if (index > firstIndex) {
      int dropped = (int) (index - firstIndex);
      from += dropped;
      count -= dropped;
      firstIndex = index;
    }
  }

  /** Drops entries above this index; it may lie before the first one. */
  void dropAfter(long index) {
    if (index < firstIndex) {
      startAt(index + 1);
    } else if (index < lastIndex()) {
      count = (int) (index - firstIndex + 1);
    }
  }

  /** Empties it; the next entry has this index. */
  void startAt(long index) {
    from = 0;
    count = 0;
    firstIndex = index;
    if (addresses.length > 64 * MIN_CAPACITY) {
      resize(MIN_CAPACITY);
    }
  }

  private void makeRoom() {
    int capacity = addresses.length;
    if (from > capacity / 2) {
      System.arraycopy(addresses, from, addresses, 0, count);
      System.arraycopy(terms, from, terms, 0, count);
      System.arraycopy(bodyBytes, from, bodyBytes, 0, count);
      from = 0;
    } else {
      resize(Math.multiplyExact(capacity, 2));
    }
  }

  private void resize(int capacity) {
    addresses = Arrays.copyOf(addresses, capacity);
    terms = Arrays.copyOf(terms, capacity);
    bodyBytes = Arrays.copyOf(bodyBytes, capacity);
  }

  private int slot(long index) {
    if (!holds(index)) {
      throw new IndexOutOfBoundsException(
          "no entry " + index + " in " + firstIndex + ".." + lastIndex());
    }
    return from + (int) (index - firstIndex);
  }
}
