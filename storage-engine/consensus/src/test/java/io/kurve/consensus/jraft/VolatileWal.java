package io.kurve.consensus.jraft;

import io.kurve.consensus.wal.GroupLogs;
import io.kurve.consensus.wal.SharedWal;
import io.kurve.consensus.wal.WalConfig;
import io.kurve.consensus.wal.WalMetrics;
import io.kurve.core.disk.Region;
import io.kurve.core.failure.FaultHandler;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.id.StoreGeneration;
import io.kurve.testkit.disk.VolatileDisk;
import io.kurve.testkit.time.SeededRandom;
import io.prometheus.client.CollectorRegistry;
import java.io.IOException;
import java.io.UncheckedIOException;

/** The real WAL on a disk that forgets what was not made durable. */
final class VolatileWal implements MachineWal {
  private static final Region REGION = new Region(0, 8 << 20);

  private final ReplicaId replica;
  private VolatileDisk disk;
  private long generation;

  VolatileWal(ReplicaId replica) {
    this.replica = replica;
    this.disk = emptyDisk();
    try {
      SharedWal.format(disk, config());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private VolatileDisk emptyDisk() {
    long seed = replica.chunkserver().value();
    return new VolatileDisk(replica.toString(), REGION.end(), new SeededRandom(seed));
  }

  private WalConfig config() {
    return WalConfig.withDefaults(REGION, replica.store(), new StoreGeneration(generation));
  }

  VolatileDisk disk() {
    return disk;
  }

  @Override
  public GroupLogs start(FaultHandler faults) {
    generation++;
    return SharedWal.open(disk, config(), faults, new WalMetrics(new CollectorRegistry()))
        .orThrow();
  }

  @Override
  public void losePower() {
    // What the process still writes while it is taken down is not on the disk of the next; and it
    // may still read, or jraft would keep a lock for ever that its own shutdown waits for.
    VolatileDisk next = emptyDisk();
    next.restore(disk.image());
    disk = next;
  }
}
