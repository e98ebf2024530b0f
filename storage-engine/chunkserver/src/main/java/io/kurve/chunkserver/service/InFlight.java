package io.kurve.chunkserver.service;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/** Counts what was accepted and not yet answered, and refuses more than the limits allow. */
final class InFlight {
  private final ServiceLimits limits;
  private final ServiceMetrics metrics;
  private final AtomicInteger requests = new AtomicInteger();
  private final AtomicLong bytes = new AtomicLong();

  InFlight(ServiceLimits limits, ServiceMetrics metrics) {
    this.limits = limits;
    this.metrics = metrics;
  }

  /** False: no room; else {@link #leave} must follow. */
  boolean enter(long payloadBytes) {
    int now = requests.incrementAndGet();
    if (now > limits.maxRequests() || bytes.addAndGet(payloadBytes) > limits.maxRequestBytes()) {
      if (now <= limits.maxRequests()) {
        bytes.addAndGet(-payloadBytes);
      }
      requests.decrementAndGet();
      return false;
    }
    metrics.inFlight(now);
    return true;
  }

  void leave(long payloadBytes) {
    bytes.addAndGet(-payloadBytes);
    metrics.inFlight(requests.decrementAndGet());
  }

  int requests() {
    return requests.get();
  }
}
