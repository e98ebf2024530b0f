package io.kurve.chunkserver.server;

import io.prometheus.client.Collector;
import io.prometheus.client.CollectorRegistry;
import io.prometheus.client.GaugeMetricFamily;
import java.util.List;

/** How full the store and its log are, looked up when somebody asks. */
final class StoreGauges extends Collector {
  private final OpenStore store;

  private StoreGauges(OpenStore store) {
    this.store = store;
  }

  static void register(CollectorRegistry registry, OpenStore store) {
    registry.register(new StoreGauges(store));
  }

  @Override
  public List<MetricFamilySamples> collect() {
    return List.of(
        new GaugeMetricFamily(
            "kurve_chunkserver_slots", "Slots of the disk.", store.chunks().slotCount()),
        new GaugeMetricFamily(
            "kurve_chunkserver_slots_used",
            "Slots in use, or freed and waiting for a checkpoint.",
            store.chunks().slotsUsed()),
        new GaugeMetricFamily(
            "kurve_chunkserver_disk_failed_writes",
            "Writes and syncs of the disk that failed since it was formatted.",
            store.disk().failedWrites()),
        new GaugeMetricFamily(
            "kurve_chunkserver_disk_failed_reads",
            "Reads of the disk that failed since the start.",
            store.disk().failedReads()),
        new GaugeMetricFamily(
            "kurve_wal_bytes", "Bytes of the shared log's ring.", store.wal().space().totalBytes()),
        new GaugeMetricFamily(
            "kurve_wal_bytes_used",
            "Bytes of the ring that can't be reused yet.",
            store.wal().space().usedBytes()));
  }
}
