package io.kurve.protocol.data;

import static org.assertj.core.api.Assertions.assertThat;

import io.prometheus.client.CollectorRegistry;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Both sides have their series from the start. */
class WireMetricsTest {
  @Test
  void theSeriesAreThereBeforeTheFirstEvent() {
    CollectorRegistry registry = new CollectorRegistry();
    WireMetrics metrics = new WireMetrics(registry);
    metrics.refused(DataServer.SIDE);
    for (String name :
        List.of(
            "kurve_wire_checksum_mismatches_total",
            "kurve_wire_refused_connections_total",
            "kurve_wire_overloads_total",
            "kurve_wire_stale_starts_total",
            "kurve_wire_connections")) {
      for (String side : List.of("server", "client")) {
        assertThat(registry.getSampleValue(name, new String[] {"side"}, new String[] {side}))
            .as(name + " " + side)
            .isNotNull();
      }
    }
  }
}
