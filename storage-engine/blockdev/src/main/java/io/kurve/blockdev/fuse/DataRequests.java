package io.kurve.blockdev.fuse;

import io.kurve.blockdev.fuse.FuseMetrics.Operation;
import io.kurve.blockdev.posix.Errno;
import io.kurve.client.BlockVolume;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.prometheus.client.Counter;
import io.prometheus.client.Histogram;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads, writes, syncs and discards of one attachment: handed to the volume on the reader's thread,
 * answered on whatever thread the volume ends them.
 *
 * <p>Once the attachment is fenced, or refused by the host, every request is EIO for ever.
 *
 * <p>A write is answered in whole or fails in whole: the loop driver takes a short write for a
 * complete one.
 */
final class DataRequests {
  private static final Logger LOG = LoggerFactory.getLogger(DataRequests.class);

  private final BlockVolume volume;
  private final FuseReplies replies;
  private final FlightTable flights;
  private final Consumer<String> onFenced;
  private final FlushBarrier barrier = new FlushBarrier();
  private final AtomicReference<@Nullable String> refusal = new AtomicReference<>();
  private final AtomicLong failures = new AtomicLong();
  private final Meter reads;
  private final Meter writes;
  private final Meter flushes;
  private final Meter discards;
  private final Meter zeroes;

  /**
   * @param onFenced told why, once, on any thread
   */
  DataRequests(
      BlockVolume volume,
      FuseReplies replies,
      FlightTable flights,
      FuseMetrics metrics,
      Consumer<String> onFenced) {
    this.volume = volume;
    this.replies = replies;
    this.flights = flights;
    this.onFenced = onFenced;
    String name = volume.volume().name();
    this.reads = new Meter(metrics, name, Operation.READ);
    this.writes = new Meter(metrics, name, Operation.WRITE);
    this.flushes = new Meter(metrics, name, Operation.FLUSH);
    this.discards = new Meter(metrics, name, Operation.DISCARD);
    this.zeroes = new Meter(metrics, name, Operation.ZERO);
  }

  /** From now on every request is EIO. */
  void refuse(String why) {
    if (refusal.compareAndSet(null, why)) {
      onFenced.accept(why);
    }
  }

  void read(RequestBuffer buffer) {
    MemorySegment request = buffer.request();
    long unique = FuseWire.unique(request);
    long offset = FuseWire.offset(request);
    int count = Math.clamp(sizeBytes() - offset, 0, FuseWire.size(request));
    Pending pending = new Pending(reads, buffer, unique, count);
    if (refusal.get() != null) {
      pending.fail(Errno.EIO);
    } else if (count == 0) {
      pending.succeed();
    } else {
      pending.follow(volume.read(offset, buffer.payload(count), flights.reads()));
    }
  }

  void write(RequestBuffer buffer) {
    MemorySegment request = buffer.request();
    long unique = FuseWire.unique(request);
    long offset = FuseWire.offset(request);
    int count = FuseWire.size(request);
    FlightTable.Change flight = flights.change(FuseWire.requestNumber(unique));
    Pending pending =
        new Pending(writes, buffer, unique, FuseWire.WRITE_OUT_BYTES, flight::answered);
    if (refusal.get() != null) {
      pending.fail(Errno.EIO);
    } else if (isPastEnd(offset, count)) {
      pending.fail(Errno.ENOSPC);
    } else {
      FlushBarrier.Phase phase = barrier.arrived();
      follow(
          volume.write(offset, buffer.payload(count), flight),
          failure -> {
            if (failure == null) {
              FuseWire.putWritten(buffer.body(), count);
            }
            pending.end(failure);
            barrier.answered(phase);
          });
    }
  }

  /** Never ENOSYS: the kernel would take that for "no sync needed", for ever. */
  void sync(RequestBuffer buffer) {
    Pending pending = new Pending(flushes, buffer, FuseWire.unique(buffer.request()), 0);
    if (refusal.get() != null) {
      pending.fail(Errno.EIO);
      return;
    }
    barrier.afterEarlierChanges(() -> {
      if (refusal.get() != null) {
        pending.fail(Errno.EIO);
      } else {
        pending.follow(volume.flush());
      }
    });
  }

  /** Punching a hole and zeroing a range both leave zeros, durably, edges too. */
  void allocate(RequestBuffer buffer) {
    MemorySegment request = buffer.request();
    long unique = FuseWire.unique(request);
    long offset = FuseWire.offset(request);
    int mode = FuseWire.allocateMode(request);
    boolean punch = mode == (FuseWire.FALLOC_PUNCH_HOLE | FuseWire.FALLOC_KEEP_SIZE);
    boolean zero = (mode & ~FuseWire.FALLOC_KEEP_SIZE) == FuseWire.FALLOC_ZERO_RANGE;
    long asked = FuseWire.allocateLength(request);
    FlightTable.Change flight = flights.change(FuseWire.requestNumber(unique));
    Pending pending = new Pending(punch ? discards : zeroes, buffer, unique, 0, flight::answered);
    if (refusal.get() != null) {
      pending.fail(Errno.EIO);
    } else if (!punch && !zero) {
      pending.fail(Errno.EOPNOTSUPP);
    } else if (zero && isPastEnd(offset, asked)) {
      pending.fail(Errno.ENOSPC);
    } else {
      long length = Math.clamp(sizeBytes() - offset, 0, asked);
      if (length == 0) {
        pending.succeed();
        return;
      }
      FlushBarrier.Phase phase = barrier.arrived();
      follow(
          punch
              ? volume.discard(offset, length, flight)
              : volume.writeZeroes(offset, length, flight),
          failure -> {
            pending.end(failure);
            barrier.answered(phase);
          });
    }
  }

  private long sizeBytes() {
    return volume.volume().sizeBytes();
  }

  private boolean isPastEnd(long offset, long length) {
    return offset < 0 || length < 0 || length > sizeBytes() - offset;
  }

  private static void follow(CompletionStage<Void> stage, Consumer<@Nullable Throwable> whenEnded) {
    var unused = stage.whenComplete((ended, failure) -> whenEnded.accept(failure));
  }

  private Errno errnoOf(Operation operation, Throwable failure) {
    Throwable cause =
        failure instanceof CompletionException && failure.getCause() != null
            ? failure.getCause()
            : failure;
    if (cause instanceof KurveException known && known.code() == ErrorCode.FENCED) {
      refuse(known.text());
      return Errno.EIO;
    }
    long count = failures.incrementAndGet();
    if (Long.bitCount(count) == 1) { // the 1st, 2nd, 4th, 8th, ...
      LOG.warn(
          "a {} on volume {} failed, number {} so far: {}",
          operation,
          volume.volume().name(),
          count,
          cause instanceof KurveException known ? known.oneLine() : "unexpected",
          cause);
    }
    return cause instanceof KurveException known && known.code() == ErrorCode.NO_SPACE
        ? Errno.ENOSPC
        : Errno.EIO;
  }

  /** The metrics of one operation, looked up once. */
  private record Meter(Operation operation, Histogram.Child seconds, Counter.Child failed) {
    private Meter(FuseMetrics metrics, String volume, Operation operation) {
      this(operation, metrics.seconds(volume, operation), metrics.failures(volume, operation));
    }
  }

  /** Of a successor: what the kernel had no answer to has come again, all of it. */
  void allAskedAgain() {
    flights.allAskedAgain();
    volume.allAskedAgain();
  }

  /** A request that waits for its answer. */
  private final class Pending {
    private final Meter meter;
    private final RequestBuffer buffer;
    private final long unique;
    private final int bodyBytes;
    private final Runnable afterwards;
    private final Histogram.Timer timer;

    private Pending(Meter meter, RequestBuffer buffer, long unique, int bodyBytes) {
      this(meter, buffer, unique, bodyBytes, () -> {});
    }

    private Pending(
        Meter meter, RequestBuffer buffer, long unique, int bodyBytes, Runnable afterwards) {
      this.meter = meter;
      this.buffer = buffer;
      this.unique = unique;
      this.bodyBytes = bodyBytes;
      this.afterwards = afterwards;
      this.timer = meter.seconds().startTimer();
    }

    private void follow(CompletionStage<Void> stage) {
      DataRequests.follow(stage, this::end);
    }

    private void end(@Nullable Throwable failure) {
      if (failure == null) {
        succeed();
      } else {
        fail(errnoOf(meter.operation(), failure));
      }
    }

    private void succeed() {
      replies.done(buffer, unique, bodyBytes, afterwards);
      timer.close();
    }

    private void fail(Errno errno) {
      meter.failed().inc();
      replies.failed(buffer, unique, errno, afterwards);
      timer.close();
    }
  }
}
