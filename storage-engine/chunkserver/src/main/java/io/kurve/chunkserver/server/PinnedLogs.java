package io.kurve.chunkserver.server;

import io.kurve.consensus.wal.GroupLog.WalFull;
import io.kurve.consensus.wal.SharedWal;
import io.kurve.consensus.wal.SharedWal.Pin;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.log.ReplicatedLogs.LogSpace;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps a copyset that can't cut its log from filling the ring for all others: one without a quorum
 * has entries that may yet be committed, and one whose replica does not run takes no checkpoints.
 * What holds the oldest segment for long is written again at the ring's end.
 *
 * <p>For one thread.
 */
final class PinnedLogs {
  private static final Logger log = LoggerFactory.getLogger(PinnedLogs.class);

  /** Of a replica that runs: its checkpoints are over by then, also on a busy disk. */
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  /** Of one that does not run, and so takes none. */
  private static final Duration SHORT_PATIENCE = Duration.ofSeconds(2);

  /** More of the ring than this is not written again and again for one copyset. */
  private static final int LARGEST_SHARE = 4;

  private final SharedWal wal;
  private final LongSupplier nanoTime;
  private final Predicate<CopysetKey> runs;
  private final Map<CopysetKey, Since> pinning = new TreeMap<>();

  private record Since(long cutAt, long nanos) {}

  PinnedLogs(SharedWal wal, LongSupplier nanoTime, Predicate<CopysetKey> runs) {
    this.wal = wal;
    this.runs = runs;
    this.nanoTime = nanoTime;
  }

  /** To be called while the ring is short of room. */
  void moveUp() {
    long now = nanoTime.getAsLong();
    Map<CopysetKey, Since> still = new TreeMap<>();
    for (Pin pin : wal.pinning()) {
      Since known = pinning.get(pin.group());
      Since since =
          known != null && known.cutAt() == pin.cutAt() ? known : new Since(pin.cutAt(), now);
      Duration patience = runs.test(pin.group()) ? PATIENCE : SHORT_PATIENCE;
      if (now - since.nanos() < patience.toNanos() || !moved(pin)) {
        still.put(pin.group(), since);
      }
    }
    pinning.clear();
    pinning.putAll(still);
  }

  private boolean moved(Pin pin) {
    LogSpace space = wal.space();
    if (pin.bytes() > space.totalBytes() / LARGEST_SHARE) {
      return false;
    }
    try {
      wal.moveUp(pin.group());
    } catch (WalFull e) {
      log.warn("{} keeps the log's oldest part: {}", pin.group(), e.getMessage());
      return false;
    }
    log.info(
        "{} can't cut its log: its {} bytes are written again, so that others have room",
        pin.group(),
        pin.bytes());
    return true;
  }
}
