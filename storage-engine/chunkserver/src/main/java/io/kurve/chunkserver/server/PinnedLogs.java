package io.kurve.chunkserver.server;

import io.kurve.consensus.wal.GroupLog.WalFull;
import io.kurve.consensus.wal.SharedWal;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.log.ReplicatedLogs.LogSpace;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps copysets that can't cut their logs from filling the ring for all others: one without a
 * quorum has entries that may yet be committed, and one whose replica does not run takes no
 * checkpoints. What they hold of the ring's oldest part is written again at its end.
 *
 * <pre>
 *   a quarter in use    replicas that don't run and have not cut for two seconds
 *   half in use         also those that run and have not cut for ten seconds
 * </pre>
 *
 * <p>It begins early because a move needs room, and moves only what frees twice as much as it
 * takes: else it would do so again and again.
 *
 * <p>For one thread.
 */
final class PinnedLogs {
  private static final Logger log = LoggerFactory.getLogger(PinnedLogs.class);
  private static final int EARLY_PERCENT = 25;

  /** Of a replica that runs: its checkpoints are over by then, also on a busy disk. */
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  /** Of one that does not run, and so takes none. */
  private static final Duration SHORT_PATIENCE = Duration.ofSeconds(2);

  private static final Duration PAUSE = Duration.ofSeconds(10);

  private final SharedWal wal;
  private final LongSupplier nanoTime;
  private final Predicate<CopysetKey> runs;
  private final Map<CopysetKey, Since> kept = new TreeMap<>();
  private long notBeforeNanos;

  private record Since(long firstIndex, long nanos) {}

  PinnedLogs(SharedWal wal, LongSupplier nanoTime, Predicate<CopysetKey> runs) {
    this.wal = wal;
    this.runs = runs;
    this.nanoTime = nanoTime;
    this.notBeforeNanos = nanoTime.getAsLong();
  }

  /**
   * To be called several times a second.
   *
   * @param pressing whether those that run are taking checkpoints
   */
  void moveUp(boolean pressing) {
    long now = nanoTime.getAsLong();
    LogSpace space = wal.space();
    if (space.usedBytes() < space.totalBytes() / 100 * EARLY_PERCENT) {
      kept.clear();
      return;
    }
    note(pressing, now);
    if (now - notBeforeNanos < 0) {
      return;
    }
    List<CopysetKey> worth = wal.worthMoving(copyset -> isStuck(copyset, now));
    if (worth.isEmpty()) {
      return;
    }
    try {
      wal.moveUp(worth);
      log.info("the logs of {}, which can't be cut, were written again", worth);
    } catch (WalFull | KurveException e) {
      // Also when an entry can't be read back: that is no reason to end the other replicas.
      notBeforeNanos = now + PAUSE.toNanos();
      log.warn("{} keep the log's oldest part: {}", worth, e.getMessage());
    }
  }

  private void note(boolean pressing, long now) {
    Map<CopysetKey, Since> before = Map.copyOf(kept);
    kept.clear();
    wal.firstIndexes()
        .forEach((copyset, firstIndex) -> {
          if (pressing || !runs.test(copyset)) {
            Since known = before.get(copyset);
            boolean same = known != null && known.firstIndex() == firstIndex;
            kept.put(copyset, same ? known : new Since(firstIndex, now));
          }
        });
  }

  private boolean isStuck(CopysetKey copyset, long now) {
    Since since = kept.get(copyset);
    Duration patience = runs.test(copyset) ? PATIENCE : SHORT_PATIENCE;
    return since != null && now - since.nanos() >= patience.toNanos();
  }
}
