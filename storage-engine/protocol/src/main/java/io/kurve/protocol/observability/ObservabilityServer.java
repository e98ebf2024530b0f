package io.kurve.protocol.observability;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.kurve.core.metadata.HostAndPort;
import io.kurve.protocol.data.BindFailure;
import io.prometheus.client.CollectorRegistry;
import io.prometheus.client.exporter.common.TextFormat;
import java.io.IOException;
import java.io.StringWriter;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Supplier;

/** Serves /metrics, /healthz and /readyz to GET; anything else is 404 or 405. */
public final class ObservabilityServer implements AutoCloseable {
  /** What a server says about itself; empty is good, else the one line that says why not. */
  public record Probes(Supplier<Optional<String>> health, Supplier<Optional<String>> readiness) {}

  private final HttpServer server;
  private final ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor();
  private final String host;

  private ObservabilityServer(HttpServer server, String host) {
    this.server = server;
    this.host = host;
  }

  /**
   * @param bind port 0 takes a free one
   */
  public static ObservabilityServer start(
      HostAndPort bind, CollectorRegistry registry, Probes probes) {
    HttpServer http;
    try {
      http = HttpServer.create(new InetSocketAddress(bind.host(), bind.port()), 16);
    } catch (IOException failed) {
      throw BindFailure.of(bind, failed);
    }
    ObservabilityServer server = new ObservabilityServer(http, bind.host());
    http.createContext("/", exchange -> server.serve(exchange, registry, probes));
    http.setExecutor(server.executor);
    http.start();
    return server;
  }

  private void serve(HttpExchange exchange, CollectorRegistry registry, Probes probes)
      throws IOException {
    try (exchange) {
      if (!exchange.getRequestMethod().equals("GET")) {
        answer(exchange, 405, "only GET is served\n");
        return;
      }
      switch (exchange.getRequestURI().getPath()) {
        case "/metrics" -> {
          StringWriter text = new StringWriter();
          TextFormat.write004(text, registry.metricFamilySamples());
          exchange.getResponseHeaders().set("Content-Type", TextFormat.CONTENT_TYPE_004);
          answer(exchange, 200, text.toString());
        }
        case "/healthz" -> probe(exchange, probes.health().get());
        case "/readyz" -> probe(exchange, probes.readiness().get());
        default -> answer(exchange, 404, "there are /metrics, /healthz and /readyz\n");
      }
    }
  }

  private static void probe(HttpExchange exchange, Optional<String> reason) throws IOException {
    answer(exchange, reason.isEmpty() ? 200 : 503, reason.orElse("ok") + "\n");
  }

  private static void answer(HttpExchange exchange, int status, String text) throws IOException {
    byte[] body = text.getBytes(StandardCharsets.UTF_8);
    exchange.sendResponseHeaders(status, body.length);
    exchange.getResponseBody().write(body);
  }

  /** With the port that it got. */
  public HostAndPort address() {
    return new HostAndPort(host, server.getAddress().getPort());
  }

  @Override
  public void close() {
    server.stop(0);
    executor.shutdown();
  }
}
