package io.kurve.client.volume;

import io.prometheus.client.CollectorRegistry;
import io.prometheus.client.Counter;
import io.prometheus.client.Gauge;
import io.prometheus.client.Histogram;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;

/** What a client's volumes together tell the world. Safe for use by the loops of all of them. */
public final class ClientMetrics {
  private static final double NANOS_PER_SECOND = 1e9;

  /** Why something was sent again. */
  enum Retry {
    NOT_LEADER,
    UNAVAILABLE,
    SILENCE,
    OVERLOAD,
    UNKNOWN_OUTCOME,
    REFUSED,
    CHECKSUM,
    MISMATCH,
    METADATA,
    OTHER
  }

  private final Map<Operation, Histogram.Child> seconds = new EnumMap<>(Operation.class);
  private final Map<Operation, Counter.Child> errors = new EnumMap<>(Operation.class);
  private final Map<Retry, Counter.Child> retries = new EnumMap<>(Retry.class);
  private final Gauge stalled;
  private final Counter fenced;

  public ClientMetrics(CollectorRegistry registry) {
    Histogram histogram =
        Histogram.build("kurve_client_request_seconds", "Time from request to answer.")
            .labelNames("operation")
            .exponentialBuckets(50e-6, 2, 18)
            .register(registry);
    Counter errorCounter =
        Counter.build("kurve_client_errors", "Requests that ended with an error.")
            .labelNames("operation")
            .register(registry);
    for (Operation operation : Operation.values()) {
      String label = operation.name().toLowerCase(Locale.ROOT);
      seconds.put(operation, histogram.labels(label));
      errors.put(operation, errorCounter.labels(label));
    }
    Counter retryCounter =
        Counter.build("kurve_client_retries", "Tries that had to be repeated, by the reason.")
            .labelNames("reason")
            .register(registry);
    for (Retry retry : Retry.values()) {
      retries.put(retry, retryCounter.labels(retry.name().toLowerCase(Locale.ROOT)));
    }
    stalled =
        Gauge.build("kurve_client_stalled_calls", "Calls without an answer for five seconds.")
            .register(registry);
    fenced =
        Counter.build("kurve_client_fenced", "Attachments that ended because they were fenced.")
            .register(registry);
  }

  void ended(Operation operation, long nanos) {
    child(seconds, operation).observe(nanos / NANOS_PER_SECOND);
  }

  void failed(Operation operation) {
    child(errors, operation).inc();
  }

  void retried(Retry why) {
    child(retries, why).inc();
  }

  void stalled(int change) {
    stalled.inc(change);
  }

  void fenced() {
    fenced.inc();
  }

  private static <K extends Enum<K>, V> V child(Map<K, V> children, K key) {
    V child = children.get(key);
    if (child == null) {
      throw new IllegalStateException("no metric for " + key);
    }
    return child;
  }
}
