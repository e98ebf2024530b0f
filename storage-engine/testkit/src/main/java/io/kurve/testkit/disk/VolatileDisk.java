package io.kurve.testkit.disk;

import io.kurve.core.disk.Disk;
import io.kurve.core.time.RandomSource;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A disk in memory that keeps only what it must.
 *
 * <pre>
 *   write ----> cache + list of unsynced writes --sync--> platter
 *                        |
 *                      crash: of each unsynced write a random subset of its
 *                      512-byte sectors reaches the platter, in order
 *   writeDurably ------------------------------------> platter
 *                (interrupted by a crash: a random subset of its sectors)
 * </pre>
 *
 * <p>Operations that change something ({@code write}, {@code sync}, {@code writeDurably}) are
 * counted; {@link #losePowerAt} lets the machine die in the middle of one of them, {@link #killAt}
 * the process: what it wrote last can be read and is not durable. Without power every call throws
 * {@link PowerLoss} until {@link #restart}, after a kill {@link ProcessKilled}. The same seed and
 * the same calls give the same bytes.
 */
public final class VolatileDisk implements Disk {
  private static final int SECTOR_BYTES = 512;
  private static final long NEVER = -1;

  private final ReentrantLock lock = new ReentrantLock();
  private final String name;
  private final long sizeBytes;
  private final RandomSource random;

  /** What survives. */
  private final Pages platter = new Pages();

  /** Where reads look first: pages that differ from the platter. */
  private final Pages cache = new Pages();

  private final List<Unsynced> unsynced = new ArrayList<>();
  private final List<Range> unreadable = new ArrayList<>();
  private boolean powered = true;
  private boolean killed;
  private boolean lostWrites;
  private long mutations;
  private long syncs;
  private long durableWrites;
  private long powerLossAt = NEVER;
  private long killAt = NEVER;
  private long failingSync = NEVER;
  private long failingDurableWrite = NEVER;

  public VolatileDisk(String name, long sizeBytes, RandomSource random) {
    this.name = name;
    this.sizeBytes = sizeBytes;
    this.random = random;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public long sizeBytes() {
    return sizeBytes;
  }

  @Override
  public void read(long offset, ByteBuffer target) throws IOException {
    lock.lock();
    try {
      checkPower();
      checkRange(offset, target.remaining());
      for (Range range : unreadable) {
        if (range.overlaps(offset, target.remaining())) {
          throw new IOException("input/output error on " + name + " at offset " + range.offset);
        }
      }
      cache.read(offset, target, platter);
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void write(long offset, ByteBuffer source) throws IOException {
    lock.lock();
    try {
      checkPower();
      checkRange(offset, source.remaining());
      Unsynced write = take(offset, source);
      boolean dies = countMutation();
      cache.write(offset, write.bytes, 0, write.bytes.length, platter);
      unsynced.add(write);
      dieIf(dies, "write at " + offset);
      checkKill("write at " + offset);
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void sync() throws IOException {
    lock.lock();
    try {
      checkPower();
      dieIf(countMutation(), "sync");
      checkKill("sync");
      if (++syncs == failingSync) {
        // As Linux does it: the pages are marked clean, so that the next sync says OK.
        lostWrites |= !unsynced.isEmpty();
        unsynced.clear();
        throw new IOException("input/output error on " + name + " in sync " + syncs);
      }
      for (Unsynced write : unsynced) {
        platter.write(write.offset, write.bytes, 0, write.bytes.length, platter);
      }
      unsynced.clear();
      if (lostWrites) {
        cache.dropEqual(platter);
      } else {
        cache.clear();
      }
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void writeDurably(long offset, ByteBuffer source) throws IOException {
    lock.lock();
    try {
      checkPower();
      checkRange(offset, source.remaining());
      checkAligned(offset, source);
      Unsynced write = take(offset, source);
      if (countMutation()) {
        unsynced.add(write);
        dieIf(true, "durable write at " + offset);
      }
      if (mutations == killAt) {
        cache.write(offset, write.bytes, 0, write.bytes.length, platter);
        unsynced.add(write);
        checkKill("durable write at " + offset);
      }
      if (++durableWrites == failingDurableWrite) {
        throw new IOException("input/output error on " + name + " at offset " + offset);
      }
      platter.write(offset, write.bytes, 0, write.bytes.length, platter);
      unsynced.forEach(older -> older.replaceBy(write));
      for (int done = 0; done < write.bytes.length; done += Pages.PAGE_BYTES) {
        if (cache.holds(offset + done)) {
          cache.write(offset + done, write.bytes, done, Pages.PAGE_BYTES, platter);
        }
      }
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void readDirect(long offset, ByteBuffer target) throws IOException {
    checkAligned(offset, target);
    read(offset, target);
  }

  /** Leaves the bytes, as a real disk does: open it again by going on to use it. */
  @Override
  public void close() {}

  /** The power fails now: everything unsynced is torn; until {@link #restart} nothing works. */
  public void crash() {
    lock.lock();
    try {
      if (powered) {
        tear();
      }
    } finally {
      lock.unlock();
    }
  }

  public void restart() {
    lock.lock();
    try {
      powered = true;
      killed = false;
    } finally {
      lock.unlock();
    }
  }

  public boolean hasPower() {
    lock.lock();
    try {
      return powered;
    } finally {
      lock.unlock();
    }
  }

  /** The power fails in the middle of the nth changing operation from now; 1 is the next one. */
  public void losePowerAt(long nth) {
    lock.lock();
    try {
      powerLossAt = mutations + nth;
    } finally {
      lock.unlock();
    }
  }

  /**
   * The process is killed in the nth changing operation from now; 1 is the next one. Its bytes have
   * reached the cache, and nothing is synced; {@link #restart} starts the next process.
   */
  public void killAt(long nth) {
    lock.lock();
    try {
      killAt = mutations + nth;
    } finally {
      lock.unlock();
    }
  }

  /** The nth sync from now fails once, its data is lost, and later ones say OK. */
  public void failSync(long nth) {
    lock.lock();
    try {
      failingSync = syncs + nth;
    } finally {
      lock.unlock();
    }
  }

  /** The nth durable write from now fails once, its data is lost, and later ones say OK. */
  public void failDurableWrite(long nth) {
    lock.lock();
    try {
      failingDurableWrite = durableWrites + nth;
    } finally {
      lock.unlock();
    }
  }

  /** Reads that touch this range fail, until {@link #healReads}. */
  public void failReads(long offset, long lengthBytes) {
    lock.lock();
    try {
      unreadable.add(new Range(offset, lengthBytes));
    } finally {
      lock.unlock();
    }
  }

  public void healReads() {
    lock.lock();
    try {
      unreadable.clear();
    } finally {
      lock.unlock();
    }
  }

  /** Bit rot; bit 0 is the lowest. */
  public void flipBit(long offset, int bit) {
    lock.lock();
    try {
      platter.flipBit(offset, bit);
      if (cache.holds(offset)) {
        cache.flipBit(offset, bit);
      }
    } finally {
      lock.unlock();
    }
  }

  /** A copy of what would survive now if nothing unsynced did. */
  public Image image() {
    lock.lock();
    try {
      return new Image(platter.copy());
    } finally {
      lock.unlock();
    }
  }

  /** The disk becomes what it was when the image was taken; nothing is unsynced. */
  public void restore(Image image) {
    lock.lock();
    try {
      forgetCache();
      platter.replaceBy(image.pages.copy());
    } finally {
      lock.unlock();
    }
  }

  /** How many operations that change something were begun since the disk was made. */
  public long mutations() {
    lock.lock();
    try {
      return mutations;
    } finally {
      lock.unlock();
    }
  }

  private boolean countMutation() {
    mutations++;
    return mutations == powerLossAt;
  }

  private void dieIf(boolean dies, String during) {
    if (dies) {
      tear();
      throw new PowerLoss(name + " lost power during " + during);
    }
  }

  private void checkKill(String during) {
    if (mutations == killAt) {
      killAt = NEVER;
      killed = true;
      throw new ProcessKilled("killed during " + during + " of " + name);
    }
  }

  private void tear() {
    for (Unsynced write : unsynced) {
      // Some writes vanish or arrive whole; most are torn somewhere.
      long fate = random.nextLong(4);
      int done = 0;
      while (done < write.bytes.length) {
        int inSector = (int) ((write.offset + done) % SECTOR_BYTES);
        int count = Math.min(write.bytes.length - done, SECTOR_BYTES - inSector);
        boolean kept = fate == 1 || (fate >= 2 && random.nextLong(2) == 0);
        if (kept) {
          platter.write(write.offset + done, write.bytes, done, count, platter);
        }
        done += count;
      }
    }
    forgetCache();
    powered = false;
    powerLossAt = NEVER;
  }

  private void forgetCache() {
    cache.clear();
    unsynced.clear();
    lostWrites = false;
  }

  private void checkPower() {
    if (!powered) {
      throw new PowerLoss(name + " has no power");
    }
    if (killed) {
      throw new ProcessKilled("the process that had " + name + " was killed");
    }
  }

  private void checkRange(long offset, int length) throws EOFException {
    if (offset < 0 || offset + length > sizeBytes) {
      throw new EOFException(
          name + " ends at " + sizeBytes + ": no " + length + " bytes at " + offset);
    }
  }

  private void checkAligned(long offset, ByteBuffer buffer) throws IOException {
    if (offset % ALIGNMENT != 0
        || buffer.remaining() % ALIGNMENT != 0
        || (buffer.isDirect() && buffer.alignmentOffset(buffer.position(), ALIGNMENT) != 0)) {
      throw new IOException(
          name + ": " + buffer.remaining() + " bytes at " + offset + " are not aligned");
    }
  }

  private static Unsynced take(long offset, ByteBuffer source) {
    byte[] bytes = new byte[source.remaining()];
    source.get(bytes);
    return new Unsynced(offset, bytes);
  }

  /** The whole of a disk at one moment. */
  public static final class Image {
    private final Pages pages;

    private Image(Pages pages) {
      this.pages = pages;
    }
  }

  private record Unsynced(long offset, byte[] bytes) {
    /** Where a newer one that is durable covers it, it can't put its own bytes back. */
    void replaceBy(Unsynced newer) {
      long from = Math.max(offset, newer.offset);
      long end = Math.min(offset + bytes.length, newer.offset + newer.bytes.length);
      if (from < end) {
        System.arraycopy(
            newer.bytes,
            (int) (from - newer.offset),
            bytes,
            (int) (from - offset),
            (int) (end - from));
      }
    }
  }

  private record Range(long offset, long lengthBytes) {
    boolean overlaps(long otherOffset, long otherLength) {
      return otherOffset < offset + lengthBytes && offset < otherOffset + otherLength;
    }
  }
}
