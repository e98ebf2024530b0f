package io.kurve.testkit.disk;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Iterator;
import java.util.Map;
import java.util.TreeMap;

/** Sparse bytes: pages that were never written read as zeros. */
final class Pages {
  static final int PAGE_BYTES = 4096;

  private final Map<Long, byte[]> pages = new TreeMap<>();

  Pages copy() {
    Pages copy = new Pages();
    pages.forEach((page, bytes) -> copy.pages.put(page, bytes.clone()));
    return copy;
  }

  void clear() {
    pages.clear();
  }

  void replaceBy(Pages others) {
    pages.clear();
    pages.putAll(others.pages);
  }

  /** Copies from {@code source} at {@code from}; pages not yet here start as copies of base's. */
  void write(long offset, byte[] source, int from, int length, Pages base) {
    int done = 0;
    while (done < length) {
      long at = offset + done;
      int inPage = (int) (at % PAGE_BYTES);
      int count = Math.min(length - done, PAGE_BYTES - inPage);
      byte[] page = pages.computeIfAbsent(at / PAGE_BYTES, base::pageCopy);
      System.arraycopy(source, from + done, page, inPage, count);
      done += count;
    }
  }

  void read(long offset, ByteBuffer target, Pages base) {
    long at = offset;
    while (target.hasRemaining()) {
      int inPage = (int) (at % PAGE_BYTES);
      int count = Math.min(target.remaining(), PAGE_BYTES - inPage);
      byte[] page = pages.get(at / PAGE_BYTES);
      if (page == null) {
        page = base.pages.get(at / PAGE_BYTES);
      }
      if (page == null) {
        target.put(new byte[count]);
      } else {
        target.put(page, inPage, count);
      }
      at += count;
    }
  }

  void flipBit(long offset, int bit) {
    byte[] page = pages.computeIfAbsent(offset / PAGE_BYTES, number -> new byte[PAGE_BYTES]);
    page[(int) (offset % PAGE_BYTES)] ^= (byte) (1 << bit);
  }

  boolean holds(long offset) {
    return pages.containsKey(offset / PAGE_BYTES);
  }

  /** Drops the pages that say the same as base's. */
  void dropEqual(Pages base) {
    Iterator<Map.Entry<Long, byte[]>> each = pages.entrySet().iterator();
    while (each.hasNext()) {
      Map.Entry<Long, byte[]> entry = each.next();
      if (Arrays.equals(entry.getValue(), base.pageCopy(entry.getKey()))) {
        each.remove();
      }
    }
  }

  private byte[] pageCopy(long page) {
    byte[] bytes = pages.get(page);
    return bytes == null ? new byte[PAGE_BYTES] : bytes.clone();
  }
}
