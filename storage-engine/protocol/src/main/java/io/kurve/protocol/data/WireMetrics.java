package io.kurve.protocol.data;

import io.prometheus.client.CollectorRegistry;
import io.prometheus.client.Counter;
import io.prometheus.client.Gauge;
import java.util.List;

/** What the data plane counts. One per process: servers and clients share it. */
public final class WireMetrics {
  private final Counter checksumMismatches;
  private final Counter refused;
  private final Counter overloads;
  private final Counter staleStarts;
  private final Gauge connections;

  public WireMetrics(CollectorRegistry registry) {
    checksumMismatches =
        Counter.build("kurve_wire_checksum_mismatches_total", "Blocks that arrived damaged.")
            .labelNames("side")
            .register(registry);
    refused =
        Counter.build("kurve_wire_refused_connections_total", "Handshakes that failed.")
            .labelNames("side")
            .register(registry);
    overloads =
        Counter.build("kurve_wire_overloads_total", "Requests beyond a connection's bounds.")
            .labelNames("side")
            .register(registry);
    staleStarts =
        Counter.build(
                "kurve_wire_stale_starts_total",
                "Messages and connections of a start of a store that was over.")
            .labelNames("side")
            .register(registry);
    connections =
        Gauge.build("kurve_wire_connections", "Open connections.")
            .labelNames("side")
            .register(registry);
    for (String side : List.of(DataServer.SIDE, DataClient.SIDE)) {
      checksumMismatches.labels(side);
      refused.labels(side);
      overloads.labels(side);
      staleStarts.labels(side);
      connections.labels(side);
    }
  }

  void checksumMismatch(String side) {
    checksumMismatches.labels(side).inc();
  }

  void refused(String side) {
    refused.labels(side).inc();
  }

  void overload(String side) {
    overloads.labels(side).inc();
  }

  void staleStart(String side) {
    staleStarts.labels(side).inc();
  }

  void opened(String side) {
    connections.labels(side).inc();
  }

  void closed(String side) {
    connections.labels(side).dec();
  }
}
