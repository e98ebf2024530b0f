package io.kurve.blockdev.fuse;

import io.prometheus.client.CollectorRegistry;
import io.prometheus.client.Counter;
import io.prometheus.client.Histogram;
import java.util.Locale;

/** What the kernel asked of the volumes, and how long the answers took. */
public final class FuseMetrics {
  enum Operation {
    READ,
    WRITE,
    FLUSH,
    DISCARD,
    ZERO;

    private String label() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  private static final double FIRST_BUCKET_SECONDS = 25e-6;

  private final Histogram seconds;
  private final Counter failures;

  public FuseMetrics(CollectorRegistry registry) {
    this.seconds =
        Histogram.build(
                "kurve_blockdev_request_seconds",
                "From the kernel's request to the answer, by volume and operation.")
            .labelNames("volume", "operation")
            .exponentialBuckets(FIRST_BUCKET_SECONDS, 2, 20)
            .register(registry);
    this.failures =
        Counter.build(
                "kurve_blockdev_request_failures_total",
                "Requests of the kernel that were answered with an error.")
            .labelNames("volume", "operation")
            .register(registry);
  }

  Histogram.Child seconds(String volume, Operation operation) {
    return seconds.labels(volume, operation.label());
  }

  Counter.Child failures(String volume, Operation operation) {
    return failures.labels(volume, operation.label());
  }

  /** The volume is gone from this host: so are its series. */
  void forget(String volume) {
    for (Operation operation : Operation.values()) {
      seconds.remove(volume, operation.label());
      failures.remove(volume, operation.label());
    }
  }
}
