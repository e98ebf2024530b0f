package io.kurve.consensus.wal;

import io.prometheus.client.CollectorRegistry;
import io.prometheus.client.Histogram;

/** What a shared WAL tells of its frames. One a registry. */
public final class WalMetrics {
  private final Histogram writeSeconds;
  private final Histogram frameRecords;
  private final Histogram frameBytes;

  public WalMetrics(CollectorRegistry registry) {
    writeSeconds =
        Histogram.build("kurve_wal_write_seconds", "Time of one durable write of the shared WAL.")
            .exponentialBuckets(20e-6, 2, 16)
            .register(registry);
    frameRecords =
        Histogram.build(
                "kurve_wal_frame_records", "Records of all groups that shared one durable write.")
            .exponentialBuckets(1, 2, 10)
            .register(registry);
    frameBytes =
        Histogram.build("kurve_wal_frame_bytes", "Bytes of records in one durable write.")
            .exponentialBuckets(4096, 2, 11)
            .register(registry);
  }

  Histogram.Timer startWrite() {
    return writeSeconds.startTimer();
  }

  void wrote(Histogram.Timer timer, int records, int bytes) {
    timer.close();
    frameRecords.observe(records);
    frameBytes.observe(bytes);
  }
}
