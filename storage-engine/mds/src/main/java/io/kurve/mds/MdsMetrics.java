package io.kurve.mds;

import io.kurve.core.failure.ErrorCode;
import io.prometheus.client.CollectorRegistry;
import io.prometheus.client.Counter;
import io.prometheus.client.Histogram;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;

/** Counts and times each kind of request. */
final class MdsMetrics implements RequestObserver {
  private static final String OK = "ok";

  private final Histogram seconds;
  private final Counter requests;

  MdsMetrics(CollectorRegistry registry) {
    this.seconds =
        Histogram.build("kurve_mds_request_seconds", "Time from a request's arrival to its answer")
            .labelNames("operation")
            .buckets(0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1, 5)
            .register(registry);
    this.requests =
        Counter.build("kurve_mds_requests_total", "Answered requests by their result")
            .labelNames("operation", "result")
            .register(registry);
    for (String operation : Doors.OPERATIONS) {
      seconds.labels(operation);
      requests.labels(operation, OK);
    }
  }

  @Override
  public void answered(String operation, Duration took, Optional<ErrorCode> error) {
    seconds.labels(operation).observe(took.toNanos() / 1e9);
    requests
        .labels(operation, error.map(code -> code.name().toLowerCase(Locale.ROOT)).orElse(OK))
        .inc();
  }
}
