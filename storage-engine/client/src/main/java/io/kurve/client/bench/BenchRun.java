package io.kurve.client.bench;

import io.kurve.client.BlockVolume;
import io.kurve.core.time.RandomSource;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;

/**
 * Keeps as many requests in flight as planned: each of its lanes makes one, and the next one where
 * the answer arrives. So the figures hold no hand-over to a thread of the measurement's own.
 */
public final class BenchRun {
  private static final int PREFILL_BYTES = 1 << 20;
  private static final int PREFILL_DEPTH = 8;
  private static final int ERRORS_OF_A_LANE = 100;

  private final BlockVolume volume;
  private final LongSupplier nanoTime;
  private final RandomSource random;
  private final LongAdder ended = new LongAdder();

  /**
   * @param random safe for use by several threads
   */
  public BenchRun(BlockVolume volume, LongSupplier nanoTime, RandomSource random) {
    this.volume = volume;
    this.nanoTime = nanoTime;
    this.random = random;
  }

  /** How many requests have ended so far, well or not: while it grows, all is well. */
  public long ended() {
    return ended.sum();
  }

  /** Ends when the planned time is over and all requests have ended; errors are counted. */
  public CompletionStage<BenchResult> run(BenchPlan plan) {
    long start = nanoTime.getAsLong();
    AtomicLong position = new AtomicLong();
    long end = start + plan.duration().toNanos();
    boolean toTheEnd = plan.once() && !plan.pattern().isRandom();
    Going going =
        () -> nanoTime.getAsLong() - end < 0 && !(toTheEnd && position.get() >= plan.areaBytes());
    return lanes(plan, going, position)
        .thenApply(lanes -> {
          LatencyHistogram all = new LatencyHistogram();
          lanes.forEach(lane -> all.add(lane.latencies));
          return new BenchResult(
              plan,
              Duration.ofNanos(Math.max(1, nanoTime.getAsLong() - start)),
              all,
              lanes.stream().mapToLong(lane -> lane.errors).sum());
        });
  }

  /** Writes the area once, from its start to its end; ends with the number of errors. */
  public CompletionStage<Long> prefill(long areaBytes) {
    int block = (int) Math.min(PREFILL_BYTES, areaBytes);
    BenchPlan plan =
        new BenchPlan(
            BenchPlan.Pattern.WRITE, block, PREFILL_DEPTH, Duration.ofDays(365), areaBytes, true);
    AtomicLong position = new AtomicLong();
    return lanes(plan, () -> position.get() < areaBytes, position)
        .thenApply(lanes -> lanes.stream().mapToLong(lane -> lane.errors).sum());
  }

  private CompletionStage<List<Lane>> lanes(BenchPlan plan, Going going, AtomicLong position) {
    List<Lane> lanes = new ArrayList<>();
    for (int i = 0; i < plan.depth(); i++) {
      lanes.add(new Lane(plan, going, position));
    }
    lanes.forEach(Lane::goOn);
    return CompletableFuture.allOf(
            lanes.stream().map(lane -> lane.ended).toArray(CompletableFuture<?>[]::new))
        .thenApply(nothing -> lanes);
  }

  @FunctionalInterface
  private interface Going {
    boolean on();
  }

  /** One request after the other; touched by one thread at a time. */
  private final class Lane {
    private final BenchPlan plan;
    private final Going going;
    private final AtomicLong position;
    private final ByteBuffer buffer;
    private final LatencyHistogram latencies = new LatencyHistogram();
    private final CompletableFuture<Void> ended = new CompletableFuture<>();
    private long errors;

    Lane(BenchPlan plan, Going going, AtomicLong position) {
      this.plan = plan;
      this.going = going;
      this.position = position;
      this.buffer = ByteBuffer.allocateDirect(plan.blockBytes());
      while (buffer.remaining() >= Long.BYTES) {
        buffer.putLong(random.nextLong());
      }
      buffer.clear();
    }

    void goOn() {
      while (errors < ERRORS_OF_A_LANE && going.on()) {
        long sent = nanoTime.getAsLong();
        CompletableFuture<Void> request = send().toCompletableFuture();
        if (!request.isDone()) {
          var unused =
              request.whenComplete((nothing, error) -> {
                count(sent, error != null);
                goOn();
              });
          return;
        }
        count(sent, request.isCompletedExceptionally());
      }
      ended.complete(null);
    }

    private CompletionStage<Void> send() {
      long offset = nextOffset();
      ByteBuffer whole = buffer.duplicate();
      if (offset + plan.blockBytes() > plan.areaBytes()) {
        whole.limit((int) (plan.areaBytes() - offset));
      }
      if (plan.pattern().isRead()) {
        return volume.read(offset, whole);
      }
      if (whole.remaining() >= Long.BYTES) {
        buffer.putLong(0, random.nextLong());
      }
      return volume.write(offset, whole);
    }

    private long nextOffset() {
      long blocks = Math.ceilDiv(plan.areaBytes(), plan.blockBytes());
      if (plan.pattern().isRandom()) {
        return random.nextLong(plan.areaBytes() / plan.blockBytes()) * plan.blockBytes();
      }
      long at = position.getAndAdd(plan.blockBytes()) / plan.blockBytes();
      return at % blocks * plan.blockBytes();
    }

    private void count(long sentNanos, boolean failed) {
      BenchRun.this.ended.increment();
      if (failed) {
        errors++;
      } else {
        latencies.add(nanoTime.getAsLong() - sentNanos);
      }
    }
  }
}
