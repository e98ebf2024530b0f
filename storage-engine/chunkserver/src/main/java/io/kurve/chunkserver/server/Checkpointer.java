package io.kurve.chunkserver.server;

import io.kurve.chunkserver.service.CopysetReplica;
import io.kurve.chunkserver.service.Copysets;
import io.kurve.consensus.wal.SharedWal;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.log.LogPosition;
import io.kurve.core.log.ReplicatedLogs.LogSpace;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Decides when copysets take checkpoints, so that the log can be trimmed.
 *
 * <pre>
 *   log more than half full   the copysets that keep its oldest segment, now
 *   each minute               every copyset that has applied something since its last one
 * </pre>
 *
 * <p>For one thread.
 */
final class Checkpointer {
  private static final Logger log = LoggerFactory.getLogger(Checkpointer.class);
  private static final int PRESSURE_PERCENT = 50;
  private static final Duration REGULARLY = Duration.ofSeconds(60);
  private static final Duration LONGEST = Duration.ofSeconds(60);

  private final Copysets copysets;
  private final SharedWal wal;
  private final LongSupplier nanoTime;
  private final Map<CopysetKey, Long> taken = new TreeMap<>();
  private long regularNanos;

  Checkpointer(Copysets copysets, SharedWal wal, LongSupplier nanoTime) {
    this.copysets = copysets;
    this.wal = wal;
    this.nanoTime = nanoTime;
    this.regularNanos = nanoTime.getAsLong();
  }

  /** To be called about every second; takes what is due and waits for it. */
  void run() throws InterruptedException {
    LogSpace space = wal.space();
    if (nanoTime.getAsLong() - regularNanos >= REGULARLY.toNanos()) {
      regularNanos = nanoTime.getAsLong();
      takeAll();
    } else if (space.usedBytes() > space.totalBytes() / 100 * PRESSURE_PERCENT) {
      List<CopysetReplica> pinning = new ArrayList<>();
      wal.pinning().forEach(pin -> copysets.find(pin.group()).ifPresent(pinning::add));
      take(pinning);
    }
  }

  /** Of everything that has changed. */
  void takeAll() throws InterruptedException {
    take(copysets.all().stream().filter(this::isDirty).toList());
  }

  private boolean isDirty(CopysetReplica replica) {
    return replica.machine().applied().index() > taken.getOrDefault(replica.copyset(), 0L);
  }

  /** All at once, so that they share the store's checkpoint. */
  private void take(List<CopysetReplica> replicas) throws InterruptedException {
    Map<CopysetKey, CompletableFuture<LogPosition>> ends = new TreeMap<>();
    for (CopysetReplica replica : replicas) {
      if (!replica.machine().isInstalling()) {
        CompletionStage<LogPosition> end = replica.log().checkpoint();
        ends.put(replica.copyset(), end.toCompletableFuture());
      }
    }
    for (Map.Entry<CopysetKey, CompletableFuture<LogPosition>> end : ends.entrySet()) {
      try {
        LogPosition at = end.getValue().get(LONGEST.toMillis(), TimeUnit.MILLISECONDS);
        taken.put(end.getKey(), at.index());
      } catch (ExecutionException e) {
        log.warn("{} took no checkpoint: {}", end.getKey(), String.valueOf(e.getCause()));
      } catch (TimeoutException e) {
        log.warn("the checkpoint of {} takes more than {} s", end.getKey(), LONGEST.toSeconds());
      }
    }
  }
}
