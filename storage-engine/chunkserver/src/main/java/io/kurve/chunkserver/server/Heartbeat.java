package io.kurve.chunkserver.server;

import io.kurve.chunkserver.service.Copysets;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.log.Membership;
import io.kurve.core.metadata.ChunkserverRegistry;
import io.kurve.core.metadata.ChunkserverRegistry.HeartbeatReply;
import io.kurve.core.metadata.ChunkserverReport;
import java.time.Duration;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tells the MDS what is here and does what it answers. For one thread, but for the last words. */
final class Heartbeat {
  private static final Logger log = LoggerFactory.getLogger(Heartbeat.class);
  private static final Duration DEADLINE = Duration.ofSeconds(5);

  private final ChunkserverRegistry registry;
  private final Reporter reporter;
  private final StoreMemory memory;
  private final KnownAddresses addresses;
  private final Copysets copysets;
  private final Consumer<ReplicaId> introduction;
  private final Set<CopysetKey> postponed = new TreeSet<>();
  private boolean failing;
  private volatile @Nullable ChunkserverReport last;

  /**
   * @param introduction told of each other replica at each address that was not known before
   */
  Heartbeat(
      ChunkserverRegistry registry,
      Reporter reporter,
      StoreMemory memory,
      KnownAddresses addresses,
      Copysets copysets,
      Consumer<ReplicaId> introduction) {
    this.registry = registry;
    this.reporter = reporter;
    this.memory = memory;
    this.addresses = addresses;
    this.copysets = copysets;
    this.introduction = introduction;
  }

  void beat() throws InterruptedException {
    // The MDS holds the store to what it reports: a later start must still know it.
    memory.save();
    ChunkserverReport report = reporter.report(memory.seen());
    last = report;
    try {
      HeartbeatReply reply =
          registry
              .heartbeat(report)
              .toCompletableFuture()
              .get(DEADLINE.toMillis(), TimeUnit.MILLISECONDS);
      if (failing) {
        log.info("the MDS answers again");
        failing = false;
      }
      obey(reply);
    } catch (ExecutionException | TimeoutException e) {
      if (!failing) {
        log.warn("no answer from the MDS to a heartbeat: {}", reason(e));
        failing = true;
      }
    }
  }

  /**
   * A report out of turn, from a process that is about to end because of its disk. It looks at
   * nothing that the thread with the failure may have locked.
   */
  void lastWords(String diskFailure) {
    ChunkserverReport report = last;
    if (report == null) {
      return;
    }
    var unused =
        registry.heartbeat(report.withDiskFailure(diskFailure)).toCompletableFuture().join();
  }

  private void obey(HeartbeatReply reply) {
    if (!memory.answered(reply.authority())) {
      log.warn("an MDS of {} answered, which is over", reply.authority().term());
      return;
    }
    memory.save();
    addresses.learn(reply.placements()).forEach(introduction);
    reply.founding().forEach(this::found);
  }

  /** One that can't be founded now is ordered again with the next answer. */
  private void found(CopysetKey copyset, Membership founders) {
    try {
      var unused = copysets.open(copyset, founders);
      postponed.remove(copyset);
    } catch (KurveException e) {
      if (postponed.add(copyset)) {
        log.warn("{} is not founded yet: {}", copyset, e.oneLine());
      }
    }
  }

  private static String reason(Exception e) {
    Throwable cause = e.getCause();
    return cause == null ? "it took too long" : String.valueOf(cause.getMessage());
  }
}
