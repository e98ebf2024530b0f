package io.kurve.chunkserver.copyset;

import io.kurve.core.id.RequestId;
import java.util.Arrays;
import java.util.stream.LongStream;

/**
 * The requests of one attachment that were applied here and that it may still send again.
 *
 * <pre>
 *   request numbers   1 2 3 4 | 5 6 7 8 9 ...
 *                     refused | known: answered without applying; others: new
 *                             answeredBelow
 * </pre>
 */
final class RequestWindow {
  /** More than this many known ids and the attachment hears OVERLOAD until its mark rises. */
  static final int MAX_KNOWN = 16_384;

  /** Numbers and parts share one long. */
  static final long MAX_NUMBER = Long.MAX_VALUE / RequestId.MAX_PARTS;

  enum Standing {
    NEW,
    APPLIED,
    ANSWERED,
    FULL
  }

  private long answeredBelow;
  private long[] known;
  private int count;

  RequestWindow() {
    this(1, new long[8], 0);
  }

  private RequestWindow(long answeredBelow, long[] known, int count) {
    this.answeredBelow = answeredBelow;
    this.known = known;
    this.count = count;
  }

  /** From its parts: a mark and the keys that {@link #keys} gave, in order. */
  static RequestWindow of(long answeredBelow, long[] keys) {
    for (int i = 1; i < keys.length; i++) {
      if (keys[i] <= keys[i - 1]) {
        throw new IllegalArgumentException("request keys are out of order");
      }
    }
    return new RequestWindow(
        answeredBelow, Arrays.copyOf(keys, Math.max(8, keys.length)), keys.length);
  }

  /** What applying this request would mean, its own mark counted in. */
  Standing standing(RequestId id, long mark) {
    long below = Math.max(mark, answeredBelow);
    if (id.number() < below) {
      return Standing.ANSWERED;
    }
    if (find(key(id)) >= 0) {
      return Standing.APPLIED;
    }
    int dropped = insertionPoint(firstKey(below));
    return count - dropped >= MAX_KNOWN ? Standing.FULL : Standing.NEW;
  }

  /** The attachment said that it has the answers to all requests below this number. */
  void raise(long mark) {
    if (mark <= answeredBelow) {
      return;
    }
    answeredBelow = mark;
    int dropped = insertionPoint(firstKey(mark));
    System.arraycopy(known, dropped, known, 0, count - dropped);
    count -= dropped;
  }

  void record(RequestId id) {
    int at = find(key(id));
    if (at >= 0) {
      throw new IllegalStateException(id + " is applied twice");
    }
    int place = -at - 1;
    if (count == known.length) {
      known = Arrays.copyOf(known, count * 2);
    }
    System.arraycopy(known, place, known, place + 1, count - place);
    known[place] = key(id);
    count++;
  }

  long answeredBelow() {
    return answeredBelow;
  }

  int size() {
    return count;
  }

  LongStream keys() {
    return Arrays.stream(known, 0, count);
  }

  private int find(long key) {
    return Arrays.binarySearch(known, 0, count, key);
  }

  private int insertionPoint(long key) {
    int at = find(key);
    return at >= 0 ? at : -at - 1;
  }

  private static long key(RequestId id) {
    return firstKey(id.number()) + id.part();
  }

  private static long firstKey(long number) {
    return Math.min(number, MAX_NUMBER) * RequestId.MAX_PARTS;
  }
}
