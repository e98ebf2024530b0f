package io.kurve.consensus.wal;

import io.kurve.consensus.wal.GroupLog.HardState;
import io.kurve.consensus.wal.GroupLog.WalFull;
import io.kurve.core.disk.Disk;
import io.kurve.core.disk.Region;
import io.kurve.core.id.ChunkserverId;
import io.kurve.core.id.CopysetGeneration;
import io.kurve.core.id.CopysetId;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.id.StoreGeneration;
import io.kurve.core.id.StoreId;
import io.kurve.testkit.disk.VolatileDisk;
import io.kurve.testkit.failure.HaltingFaultHandler;
import io.kurve.testkit.time.SeededRandom;
import io.prometheus.client.CollectorRegistry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.LongStream;

/** A store's WAL that can be crashed and opened again: each opening is a new generation. */
final class WalBench {
  static final int SEGMENT_BYTES = 64 << 10;
  static final Region REGION = new Region(8192, 8 * SEGMENT_BYTES);
  static final StoreId STORE = new StoreId(new UUID(1, 2));

  private final Disk disk;
  private long generation;
  private HaltingFaultHandler faults = new HaltingFaultHandler();

  WalBench(Disk disk) {
    this.disk = disk;
    try {
      SharedWal.format(disk, config(0));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static VolatileDisk volatileDisk(long seed) {
    return new VolatileDisk("disk", REGION.end() + 4096, new SeededRandom(seed));
  }

  static WalConfig config(long generation) {
    return new WalConfig(
        REGION,
        STORE,
        new StoreGeneration(generation),
        SEGMENT_BYTES,
        new WalConfig.Bounds(SEGMENT_BYTES / 2, 1 << 20, 2, Duration.ofSeconds(20)));
  }

  SharedWal open() {
    return tryOpen().orThrow();
  }

  WalOpening tryOpen() {
    faults = new HaltingFaultHandler();
    return SharedWal.open(
        disk, config(++generation), faults, new WalMetrics(new CollectorRegistry()));
  }

  HaltingFaultHandler faults() {
    return faults;
  }

  static CopysetKey key(long id) {
    return new CopysetKey(new CopysetId(id), new CopysetGeneration(1));
  }

  static ReplicaId replica(long id) {
    return new ReplicaId(new ChunkserverId(id), new StoreId(new UUID(9, id)));
  }

  static HardState vote(long term, long candidate) {
    return new HardState(term, Optional.of(replica(candidate)));
  }

  /** An entry whose payload tells group, term and index. */
  static LogRecord entry(CopysetKey group, long term, long index, int bytes) {
    ByteBuffer payload = ByteBuffer.allocate(bytes);
    payload.putLong(group.id().value()).putLong(term).putLong(index);
    while (payload.hasRemaining()) {
      payload.put((byte) (index * 31 + payload.position()));
    }
    return new LogRecord(index, term, LogRecord.Kind.DATA, payload.flip().asReadOnlyBuffer());
  }

  /** Appends entries of term 1 behind the last one. */
  static void append(GroupLog log, int count, int bytes) throws WalFull {
    long first = log.lastIndex() + 1;
    log.append(
        LongStream.range(first, first + count)
            .mapToObj(index -> entry(log.group(), 1, index, bytes))
            .toList());
  }

  static List<LogRecord> readAll(GroupLog log) {
    List<LogRecord> all = new ArrayList<>();
    for (long index = log.firstIndex(); index <= log.lastIndex(); index++) {
      all.add(log.read(index).orElseThrow());
    }
    return all;
  }
}
