package io.kurve.chunkserver.service;

import io.kurve.chunkserver.copyset.CatchUp;
import io.prometheus.client.CollectorRegistry;
import io.prometheus.client.Counter;
import io.prometheus.client.Gauge;
import io.prometheus.client.Histogram;
import java.util.Locale;

/** What a chunkserver counts about its requests and blocks. */
public final class ServiceMetrics implements CatchUp {
  /** Where a request spends its time here; the WAL's own time is told by consensus. */
  enum Stage {
    /** From arrival until it is proposed or read. */
    QUEUE,
    /** From the proposal until it is committed and applied. */
    REPLICATE,
    /** Taking effect here, on the leader and on followers. */
    APPLY,
    /** Reading blocks. */
    DISK
  }

  private static final double NANOS = 1e9;

  private final Histogram stages;
  private final Counter replies;
  private final Counter slow;
  private final Counter damaged;
  private final Counter repaired;
  private final Counter lost;
  private final Counter caughtUp;
  private final Gauge inFlight;

  public ServiceMetrics(CollectorRegistry registry) {
    stages =
        Histogram.build("kurve_chunkserver_stage_seconds", "Time of requests by stage.")
            .labelNames("stage")
            .exponentialBuckets(0.00001, 2, 22)
            .register(registry);
    replies =
        Counter.build("kurve_chunkserver_replies_total", "Answers by operation and outcome.")
            .labelNames("operation", "outcome")
            .register(registry);
    slow =
        Counter.build("kurve_chunkserver_slow_requests_total", "Requests over the slow limit.")
            .register(registry);
    damaged =
        Counter.build("kurve_chunkserver_damaged_blocks_total", "Blocks found damaged.")
            .labelNames("disk")
            .register(registry);
    repaired =
        Counter.build("kurve_chunkserver_repaired_blocks_total", "Blocks repaired from a peer.")
            .labelNames("disk")
            .register(registry);
    lost =
        Counter.build("kurve_chunkserver_lost_blocks_total", "Reads of blocks bad on all replicas.")
            .labelNames("disk")
            .register(registry);
    caughtUp =
        Counter.build("kurve_catch_up_bytes_total", "Bytes caught up, by kind.")
            .labelNames("kind")
            .register(registry);
    inFlight =
        Gauge.build("kurve_chunkserver_requests_in_flight", "Accepted, not yet answered.")
            .register(registry);
    for (Kind kind : Kind.values()) {
      caughtUp.labels(name(kind));
    }
    for (Stage stage : Stage.values()) {
      stages.labels(name(stage));
    }
    for (String operation : DataService.OPERATIONS) {
      replies.labels(operation, Replies.DONE);
    }
  }

  /** A disk's series are there before anything happens to it: an alarm sees the first event. */
  void watch(String disk) {
    damaged.labels(disk);
    repaired.labels(disk);
    lost.labels(disk);
  }

  void took(Stage stage, long nanos) {
    stages.labels(name(stage)).observe(nanos / NANOS);
  }

  void replied(String operation, String outcome) {
    replies.labels(operation, outcome).inc();
  }

  void slowRequest() {
    slow.inc();
  }

  void damagedBlock(String disk) {
    damaged.labels(disk).inc();
  }

  void repairedBlock(String disk) {
    repaired.labels(disk).inc();
  }

  void lostBlock(String disk) {
    lost.labels(disk).inc();
  }

  void inFlight(int requests) {
    inFlight.set(requests);
  }

  @Override
  public void received(Kind kind, long bytes) {
    caughtUp.labels(name(kind)).inc((double) bytes);
  }

  private static String name(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT);
  }
}
