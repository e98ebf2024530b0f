package io.kurve.chunkserver.server;

import io.kurve.chunkserver.service.CopysetReplica;
import io.kurve.chunkserver.service.Copysets;
import io.kurve.consensus.wal.SharedWal;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.log.LogPosition;
import io.kurve.core.log.ReplicatedLogs.LogSpace;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
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
 *   log more than half full   every copyset that has entries in it, now
 *   each minute               the same, and every one that has applied something since its last
 * </pre>
 *
 * <p>A checkpoint lets go of the log before the one before it; of an idle copyset, the second one
 * lets go of all, so that idle copysets don't keep old segments. What holds the oldest part all the
 * same is for {@link PinnedLogs}.
 *
 * <p>For one thread.
 */
final class Checkpointer {
  private static final Logger log = LoggerFactory.getLogger(Checkpointer.class);
  private static final int PRESSURE_PERCENT = 50;
  private static final Duration REGULARLY = Duration.ofSeconds(60);

  /** One that takes longer goes on, and the others are not kept waiting for it. */
  private static final Duration PATIENCE = Duration.ofSeconds(5);

  private final Copysets copysets;
  private final SharedWal wal;
  private final LongSupplier nanoTime;
  private final Map<CopysetKey, Long> taken = new TreeMap<>();
  private final Map<CopysetKey, CompletableFuture<LogPosition>> underWay = new TreeMap<>();
  private final PinnedLogs pinned;
  private long regularNanos;

  Checkpointer(Copysets copysets, SharedWal wal, LongSupplier nanoTime) {
    this.copysets = copysets;
    this.wal = wal;
    this.nanoTime = nanoTime;
    this.pinned =
        new PinnedLogs(
            wal,
            nanoTime,
            copyset -> copysets.find(copyset).filter(one -> !one.hasFailed()).isPresent());
    this.regularNanos = nanoTime.getAsLong();
  }

  /** To be called several times a second; takes what is due and waits for it. */
  void run() throws InterruptedException {
    LogSpace space = wal.space();
    boolean pressing = space.usedBytes() > space.totalBytes() / 100 * PRESSURE_PERCENT;
    if (nanoTime.getAsLong() - regularNanos >= REGULARLY.toNanos()) {
      regularNanos = nanoTime.getAsLong();
      takeAll();
    } else if (pressing) {
      take(copysets.all().stream().filter(this::hasLog).toList());
    }
    pinned.moveUp(pressing);
  }

  /** Of everything that has changed or keeps some of the log. */
  void takeAll() throws InterruptedException {
    take(copysets.all().stream().filter(one -> isDirty(one) || hasLog(one)).toList());
  }

  private boolean isDirty(CopysetReplica replica) {
    return replica.machine().applied().index() > taken.getOrDefault(replica.copyset(), 0L);
  }

  private boolean hasLog(CopysetReplica replica) {
    return wal.group(replica.copyset())
        .filter(group -> group.firstIndex() <= group.lastIndex())
        .isPresent();
  }

  /** All at once, so that they share the store's checkpoint. */
  private void take(List<CopysetReplica> replicas) throws InterruptedException {
    for (CopysetReplica replica : replicas) {
      if (!replica.machine().isInstalling()
          && !replica.hasFailed()
          && !underWay.containsKey(replica.copyset())) {
        underWay.put(replica.copyset(), replica.log().checkpoint().toCompletableFuture());
      }
    }
    try {
      CompletableFuture.allOf(underWay.values().toArray(CompletableFuture<?>[]::new))
          .get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      // Told below, for each by itself.
    } catch (TimeoutException e) {
      log.warn(
          "checkpoints of {} take more than {} s; the log's oldest segment is kept by {}",
          underWay.keySet(),
          PATIENCE.toSeconds(),
          wal.pinning());
    }
    underWay.entrySet().removeIf(end -> end.getValue().isDone() && noteEnd(end));
  }

  private boolean noteEnd(Map.Entry<CopysetKey, CompletableFuture<LogPosition>> end) {
    switch (end.getValue().state()) {
      case SUCCESS -> taken.put(end.getKey(), end.getValue().resultNow().index());
      case FAILED ->
          log.warn(
              "{} took no checkpoint: {}",
              end.getKey(),
              end.getValue().exceptionNow().getMessage());
      case CANCELLED, RUNNING -> {
        return false;
      }
    }
    return true;
  }
}
