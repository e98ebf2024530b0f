package io.kurve.chunkserver.server;

import io.kurve.chunkserver.store.DiskFaults;
import io.kurve.core.disk.Disk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Knows whether a disk fails.
 *
 * <pre>
 *   first write or sync that fails ──> no further write reaches the disk
 *        ──> last words, half a second at most: noted on the disk itself, told to the MDS
 *        ──> the error goes to the writer, who halts the process
 *   two such errors, of two starts, or many reads that failed ──> the disk is failed
 * </pre>
 *
 * <p>Nothing becomes durable between the failure and the end, so nobody can be told that it did.
 */
final class WatchedDisk implements Disk {
  private static final Logger log = LoggerFactory.getLogger(WatchedDisk.class);
  private static final int FAILED_WRITES = 2;

  /** A disk loses a block now and then, which a peer repairs; so many are no accident. */
  private static final int FAILED_READS = 16;

  private static final Duration LAST_WORDS = Duration.ofMillis(500);

  private final Disk disk;
  private final InstantSource clock;
  private final DiskFaults before;
  private final AtomicReference<@Nullable IOException> broken = new AtomicReference<>();
  private final CountDownLatch said = new CountDownLatch(2);
  private final AtomicInteger failedReads = new AtomicInteger();
  private volatile String lastFailedRead = "";
  private volatile Consumer<String> witness = why -> {};

  WatchedDisk(Disk disk, InstantSource clock) {
    this.disk = disk;
    this.clock = clock;
    this.before = DiskFaults.load(disk);
    if (before.failedWrites() > 0) {
      log.warn("{}: {}", disk.name(), writesThatFailed(before));
    }
  }

  /** Who hears of the first failed write, on a thread of its own, before the process ends. */
  void onFailedWrite(Consumer<String> newWitness) {
    witness = newWitness;
  }

  /** Why the disk should not be trusted any more. */
  Optional<String> failure() {
    IOException now = broken.get();
    if (now != null) {
      return Optional.of("a write failed, so that the chunkserver ends: " + now.getMessage());
    }
    if (before.failedWrites() >= FAILED_WRITES) {
      return Optional.of(writesThatFailed(before));
    }
    int reads = failedReads.get();
    return reads >= FAILED_READS
        ? Optional.of(reads + " reads failed, the last: " + lastFailedRead)
        : Optional.empty();
  }

  private static String writesThatFailed(DiskFaults faults) {
    return "%d failed writes since it was formatted, the last at %s: %s"
        .formatted(faults.failedWrites(), faults.lastAt(), faults.last());
  }

  /** Failed writes since the disk was formatted. */
  int failedWrites() {
    return before.failedWrites() + (broken.get() == null ? 0 : 1);
  }

  /** Failed reads since this start. */
  int failedReads() {
    return failedReads.get();
  }

  @Override
  public String name() {
    return disk.name();
  }

  @Override
  public long sizeBytes() {
    return disk.sizeBytes();
  }

  @Override
  public void read(long offset, ByteBuffer target) throws IOException {
    try {
      disk.read(offset, target);
    } catch (IOException e) {
      throw noted(e);
    }
  }

  @Override
  public void readDirect(long offset, ByteBuffer target) throws IOException {
    try {
      disk.readDirect(offset, target);
    } catch (IOException e) {
      throw noted(e);
    }
  }

  private IOException noted(IOException e) {
    lastFailedRead = String.valueOf(e.getMessage());
    failedReads.incrementAndGet();
    return e;
  }

  @Override
  public void write(long offset, ByteBuffer source) throws IOException {
    requireWhole();
    try {
      disk.write(offset, source);
    } catch (IOException e) {
      throw last(e);
    }
  }

  @Override
  public void sync() throws IOException {
    requireWhole();
    try {
      disk.sync();
    } catch (IOException e) {
      throw last(e);
    }
  }

  @Override
  public void writeDurably(long offset, ByteBuffer source) throws IOException {
    requireWhole();
    try {
      disk.writeDurably(offset, source);
    } catch (IOException e) {
      throw last(e);
    }
  }

  private void requireWhole() throws IOException {
    IOException first = broken.get();
    if (first != null) {
      awaitLastWords();
      throw new IOException(disk.name() + ": an earlier write failed", first);
    }
  }

  private IOException last(IOException e) {
    if (broken.compareAndSet(null, e)) {
      DiskFaults now = before.plus(clock.instant(), String.valueOf(e.getMessage()));
      say("fault-record", () -> save(now));
      say("fault-report", () -> failure().ifPresent(witness));
    }
    awaitLastWords();
    return e;
  }

  private void save(DiskFaults now) {
    try {
      now.save(disk);
    } catch (IOException e) {
      log.warn("{}: can't note its failure on it: {}", disk.name(), e.getMessage());
    }
  }

  private void say(String name, Runnable word) {
    var unused =
        Thread.ofPlatform()
            .daemon()
            .name(name)
            .start(() -> {
              try {
                word.run();
              } finally {
                said.countDown();
              }
            });
  }

  private void awaitLastWords() {
    try {
      boolean unused = said.await(LAST_WORDS.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() throws IOException {
    disk.close();
  }
}
