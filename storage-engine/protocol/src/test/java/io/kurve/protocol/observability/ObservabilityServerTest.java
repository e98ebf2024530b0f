package io.kurve.protocol.observability;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kurve.core.failure.KurveException;
import io.kurve.core.metadata.HostAndPort;
import io.prometheus.client.CollectorRegistry;
import io.prometheus.client.Counter;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ObservabilityServerTest {
  private static HttpResponse<String> get(HostAndPort address, String path) throws Exception {
    try (HttpClient client = HttpClient.newHttpClient()) {
      return client.send(
          HttpRequest.newBuilder(URI.create("http://" + address + path))
              .timeout(Duration.ofSeconds(10))
              .build(),
          HttpResponse.BodyHandlers.ofString());
    }
  }

  @Test
  void servesMetricsHealthAndReadiness() throws Exception {
    CollectorRegistry registry = new CollectorRegistry();
    Counter.build("kurve_sample_total", "A sample.").register(registry).inc(3);
    ObservabilityServer.Probes probes =
        new ObservabilityServer.Probes(Optional::empty, () -> Optional.of("no leader yet"));
    HostAndPort anyPort = new HostAndPort("127.0.0.1", 0);
    try (ObservabilityServer server = ObservabilityServer.start(anyPort, registry, probes)) {
      HostAndPort address = server.address();
      assertThat(get(address, "/metrics").body()).contains("kurve_sample_total 3.0");
      assertThat(get(address, "/healthz").statusCode()).isEqualTo(200);
      HttpResponse<String> readiness = get(address, "/readyz");
      assertThat(readiness.statusCode()).isEqualTo(503);
      assertThat(readiness.body()).isEqualTo("no leader yet\n");
      assertThat(get(address, "/else").statusCode()).isEqualTo(404);
      assertThatThrownBy(() -> ObservabilityServer.start(address, registry, probes))
          .isInstanceOf(KurveException.class)
          .hasMessageContaining("in use");
    }
  }
}
