package io.kurve.chunkserver.server;

import io.kurve.chunkserver.store.ChunkStore;
import io.kurve.consensus.wal.GroupLog;
import io.kurve.consensus.wal.SharedWal;
import io.kurve.consensus.wal.WalConfig;
import io.kurve.consensus.wal.WalMetrics;
import io.kurve.core.disk.Disk;
import io.kurve.core.failure.FaultHandler;
import io.kurve.core.id.ClusterId;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.id.StoreStart;
import io.kurve.core.time.SystemRandom;
import java.io.IOException;
import java.time.InstantSource;
import java.util.Map;
import java.util.TreeMap;

/**
 * A disk with its chunk store and its log; closed in the other order.
 *
 * @param start told from that of a copy of the disk, which opens in the same generation
 */
record OpenStore(WatchedDisk disk, ChunkStore chunks, SharedWal wal, StoreStart start)
    implements AutoCloseable {

  /** Takes the disk over, also when it throws. */
  static OpenStore open(Disk raw, ClusterId cluster, FaultHandler faults, WalMetrics metrics)
      throws IOException {
    WatchedDisk disk = new WatchedDisk(raw, InstantSource.system());
    try {
      ChunkStore chunks = ChunkStore.open(disk, cluster, faults);
      WalConfig config =
          WalConfig.withDefaults(
              chunks.walRegion(), chunks.identity().store(), chunks.generation());
      return new OpenStore(
          disk,
          chunks,
          SharedWal.open(disk, config, faults, metrics).orThrow(),
          StoreStart.of(chunks.generation(), new SystemRandom().nextLong()));
    } catch (RuntimeException e) {
      disk.close();
      throw e;
    }
  }

  /** The last entry that is durable here, by copyset. */
  Map<CopysetKey, Long> durableIndexes() {
    Map<CopysetKey, Long> indexes = new TreeMap<>();
    for (CopysetKey group : wal.groups()) {
      wal.group(group).map(GroupLog::durableIndex).ifPresent(index -> indexes.put(group, index));
    }
    return indexes;
  }

  @Override
  public void close() throws IOException {
    wal.close();
    chunks.close();
    disk.close();
  }
}
