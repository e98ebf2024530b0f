package io.kurve.blockdev.host;

import io.kurve.client.BlockVolume;
import io.kurve.client.Flight;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.AttachmentId;
import io.kurve.core.id.VolumeId;
import io.kurve.core.metadata.Volume;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** A volume in memory that can stall, be fenced, grow, and misbehave on abort. */
final class MemoryVolume implements BlockVolume {
  private final CompletableFuture<String> told = new CompletableFuture<>();
  private final AttachmentId attachment;
  private final boolean heedsAbort;

  /** Guards all below. */
  private final ReentrantLock lock = new ReentrantLock();

  private final Condition changed = lock.newCondition();
  private final List<Runnable> waiting = new ArrayList<>();
  private volatile Volume volume;
  private volatile boolean closeRefused;
  private byte[] bytes;
  private long nextSizeBytes;
  private boolean stalled;
  private boolean closed;
  private @Nullable String fenced;
  private @Nullable KurveException nextFailure;
  private int flushes;

  MemoryVolume(String name, long attachment, int sizeBytes, int logicalBlockBytes) {
    this(name, attachment, sizeBytes, logicalBlockBytes, true);
  }

  MemoryVolume(
      String name, long attachment, int sizeBytes, int logicalBlockBytes, boolean heedsAbort) {
    this.attachment = new AttachmentId(attachment);
    this.heedsAbort = heedsAbort;
    this.bytes = new byte[sizeBytes];
    this.nextSizeBytes = sizeBytes;
    this.volume =
        new Volume(
            new VolumeId(1),
            name,
            sizeBytes,
            logicalBlockBytes,
            false,
            1,
            Volume.State.ACTIVE,
            Instant.EPOCH,
            Optional.empty(),
            0);
  }

  /** May have other holders. */
  MemoryVolume shared() {
    locked(() ->
        volume =
            new Volume(
                volume.id(),
                volume.name(),
                volume.sizeBytes(),
                volume.logicalBlockBytes(),
                true,
                volume.sequence(),
                volume.state(),
                volume.created(),
                volume.formatted(),
                volume.mappedBytes()));
    return this;
  }

  /** Requests wait from now on. */
  void stall() {
    locked(() -> stalled = true);
  }

  void resume() {
    List<Runnable> due = new ArrayList<>();
    locked(() -> {
      stalled = false;
      due.addAll(waiting);
      waiting.clear();
    });
    due.forEach(Runnable::run);
  }

  /** As the cluster does it: what waits and what comes is refused. */
  void fence() {
    locked(() -> fenced = attachment + " is fenced");
    resume();
  }

  void failNext(KurveException failure) {
    locked(() -> nextFailure = failure);
  }

  void growTo(long sizeBytes) {
    locked(() -> nextSizeBytes = sizeBytes);
  }

  byte[] content() {
    lock.lock();
    try {
      return bytes.clone();
    } finally {
      lock.unlock();
    }
  }

  int flushes() {
    lock.lock();
    try {
      return flushes;
    } finally {
      lock.unlock();
    }
  }

  void refuseClose(boolean refused) {
    closeRefused = refused;
  }

  boolean isClosed() {
    lock.lock();
    try {
      return closed;
    } finally {
      lock.unlock();
    }
  }

  /** Waits until that many requests wait in the stall. */
  void awaitWaiting(int count) throws InterruptedException {
    long nanos = 10_000_000_000L;
    lock.lock();
    try {
      while (waiting.size() < count) {
        nanos = changed.awaitNanos(nanos);
        if (nanos <= 0) {
          throw new AssertionError("only " + waiting.size() + " of " + count + " requests came");
        }
      }
    } finally {
      lock.unlock();
    }
  }

  @Override
  public Volume volume() {
    return volume;
  }

  @Override
  public AttachmentId attachment() {
    return attachment;
  }

  @Override
  public CompletionStage<Void> read(long offset, ByteBuffer target, Flight flight) {
    return request(() -> target.put(bytes, (int) offset, target.remaining()));
  }

  @Override
  public CompletionStage<Void> write(long offset, ByteBuffer source, Flight flight) {
    return request(() -> source.get(bytes, (int) offset, source.remaining()));
  }

  @Override
  public void allAskedAgain() {
    throw new AssertionError("this volume is not a resumed one");
  }

  @Override
  public CompletionStage<Void> flush() {
    return request(() -> flushes++);
  }

  @Override
  public CompletionStage<Void> discard(long offset, long length, Flight flight) {
    return writeZeroes(offset, length, flight);
  }

  @Override
  public CompletionStage<Void> writeZeroes(long offset, long length, Flight flight) {
    return request(() -> Arrays.fill(bytes, (int) offset, (int) (offset + length), (byte) 0));
  }

  @Override
  public CompletionStage<Volume> refresh() {
    locked(() -> {
      bytes = Arrays.copyOf(bytes, (int) nextSizeBytes);
      Volume v = volume;
      volume =
          new Volume(
              v.id(),
              v.name(),
              nextSizeBytes,
              v.logicalBlockBytes(),
              v.shared(),
              v.sequence(),
              v.state(),
              v.created(),
              v.formatted(),
              v.mappedBytes());
    });
    return CompletableFuture.completedFuture(volume);
  }

  @Override
  public CompletionStage<String> fenced() {
    return told;
  }

  /** The volume learns by itself that it is fenced, as by its lease. */
  void fenceAndTell() {
    fence();
    told.complete(attachment + " is fenced");
  }

  @Override
  public void abort(String why) {
    if (heedsAbort) {
      locked(() -> fenced = why);
      resume();
    }
  }

  @Override
  public CompletionStage<Void> close() {
    if (closeRefused) {
      return CompletableFuture.failedFuture(
          new KurveException(ErrorCode.UNAVAILABLE, "no MDS answers", ""));
    }
    locked(() -> closed = true);
    return CompletableFuture.completedFuture(null);
  }

  private CompletionStage<Void> request(Runnable effect) {
    CompletableFuture<Void> result = new CompletableFuture<>();
    Runnable attempt = () -> attempt(effect, result);
    lock.lock();
    try {
      if (stalled) {
        waiting.add(attempt);
        changed.signalAll();
        return result;
      }
    } finally {
      lock.unlock();
    }
    attempt.run();
    return result;
  }

  private void attempt(Runnable effect, CompletableFuture<Void> result) {
    KurveException failure = null;
    lock.lock();
    try {
      if (fenced != null) {
        failure = new KurveException(ErrorCode.FENCED, fenced, "attach again");
      } else if (nextFailure != null) {
        failure = nextFailure;
        nextFailure = null;
      } else {
        effect.run();
      }
    } finally {
      lock.unlock();
    }
    if (failure == null) {
      result.complete(null);
    } else {
      result.completeExceptionally(failure);
    }
  }

  private void locked(Runnable change) {
    lock.lock();
    try {
      change.run();
    } finally {
      lock.unlock();
    }
  }
}
