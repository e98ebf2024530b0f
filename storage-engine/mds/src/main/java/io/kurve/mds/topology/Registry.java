package io.kurve.mds.topology;

import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.ChunkserverId;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.metadata.ChunkserverRegistry;
import io.kurve.core.metadata.ChunkserverReport;
import io.kurve.mds.leadership.Decision;
import io.kurve.mds.leadership.Office;
import io.kurve.mds.record.StoredRecord.ChunkserverRecord;
import io.kurve.mds.record.StoredRecord.IdKind;
import io.kurve.mds.state.Change;
import io.kurve.mds.state.Ids;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Registration: who may take part.
 *
 * <pre>
 *   new store, no id               -> a new id, Confirmed
 *   known store, newer generation, -> Confirmed
 *     nothing durable lost
 *   the same start again           -> Confirmed again (the answer was lost)
 *   another start, same generation -> Unconfirmed: a copy of the disk that runs beside it
 *   older generation               -> Unconfirmed: a message of that start which is late, or a copy
 *                                       of the disk. The store itself goes on
 *   lost memory: a durable index,  -> Unconfirmed for good: the record says so
 *     or the seen revision, below
 *     the last reported
 * </pre>
 *
 * A copy of the disk can come to a newer generation by restarting. Then its memory tells: what it
 * has seen of the metadata store is from before the store's own last start (see {@link
 * Heartbeats}). What a store reported last is in memory for the stores heard of in this term, and
 * in its durable record for the others.
 */
public final class Registry implements ChunkserverRegistry {
  private static final Logger LOG = LoggerFactory.getLogger(Registry.class);

  private final Office office;
  private final Presence presence;
  private final Heartbeats heartbeats;
  private final MetastoreBehind behind;
  private final Runnable registered;

  /**
   * @param registered called after each confirmation
   */
  public Registry(
      Office office,
      Presence presence,
      Heartbeats heartbeats,
      MetastoreBehind behind,
      Runnable registered) {
    this.office = office;
    this.presence = presence;
    this.heartbeats = heartbeats;
    this.behind = behind;
    this.registered = registered;
  }

  @Override
  public CompletionStage<Registration> register(Newcomer newcomer) {
    return office
        .gate()
        .write(() -> decide(newcomer))
        .thenApply(registration -> {
          switch (registration) {
            case Registration.Confirmed confirmed -> {
              presence.clear(new ReplicaId(confirmed.id(), newcomer.store()));
              registered.run();
            }
            case Registration.Unconfirmed unconfirmed -> {
              LOG.warn("store {} may not take part: {}", newcomer.store(), unconfirmed.why());
              newcomer
                  .id()
                  .map(id -> new ReplicaId(id, newcomer.store()))
                  .ifPresent(replica -> name(newcomer, replica, unconfirmed.why()));
            }
          }
          return registration;
        });
  }

  @Override
  public CompletionStage<HeartbeatReply> heartbeat(ChunkserverReport report) {
    return heartbeats.take(report);
  }

  private Decision<Registration> decide(Newcomer newcomer) {
    String who = "the store " + newcomer.store() + " of " + newcomer.failureDomain();
    office
        .image()
        .cluster()
        .filter(cluster -> !cluster.cluster().equals(newcomer.cluster()))
        .ifPresent(cluster -> {
          throw new KurveException(
              ErrorCode.REFUSED,
              who + " belongs to cluster " + newcomer.cluster() + ", not " + cluster.cluster(),
              "start it with the address of its own cluster's MDS");
        });
    behind.compare(newcomer.id().map(ChunkserverId::toString).orElse(who), newcomer.seen());
    Optional<ChunkserverRecord> known = office.image().chunkserverOf(newcomer.store());
    if (known.isPresent()) {
      return again(newcomer, known.get());
    }
    if (newcomer.id().isPresent() || !newcomer.durableIndexes().isEmpty()) {
      return Decision.reply(
          new Registration.Unconfirmed(
              who
                  + " has been part of a cluster as "
                  + newcomer.id().map(ChunkserverId::toString).orElse("a member of copysets")
                  + ", which this one does not know"));
    }
    Ids.Taken id = office.ids().take(IdKind.GENERAL, 1);
    ChunkserverRecord record = record(newcomer, new ChunkserverId(id.first()), Optional.empty());
    List<Change> changes = new ArrayList<>(id.changes());
    changes.add(new Change.Put(record));
    return new Decision<>(changes, () -> confirmed(record));
  }

  private Decision<Registration> again(Newcomer newcomer, ChunkserverRecord known) {
    if (newcomer.id().isPresent() && !newcomer.id().get().equals(known.id())) {
      return Decision.reply(
          new Registration.Unconfirmed(
              "the store "
                  + newcomer.store()
                  + " is "
                  + known.id()
                  + ", not "
                  + newcomer.id().get()));
    }
    if (known.suspended().isPresent()) {
      return Decision.reply(new Registration.Unconfirmed(known.suspended().get()));
    }
    if (known.start().isTold() && known.start().equals(newcomer.start())) {
      return Decision.reply(confirmed(known));
    }
    if (runsBeside(newcomer, known)) {
      return Decision.reply(
          new Registration.Unconfirmed(
              "%s runs already in %s at %s: the one at %s is its copy"
                  .formatted(
                      known.id(),
                      known.start().generation(),
                      known.addresses().data(),
                      newcomer.addresses().data())));
    }
    if (newcomer.start().generation().compareTo(known.start().generation()) < 0) {
      return Decision.reply(
          new Registration.Unconfirmed(
              "%s comes from %s in %s after it was seen at %s in %s: this is a message of before,"
                      .formatted(
                          known.id(),
                          newcomer.addresses().data(),
                          newcomer.start().generation(),
                          known.addresses().data(),
                          known.start().generation())
                  + " or a copy of it"));
    }
    Optional<String> lost = lostMemory(newcomer, known);
    if (lost.isPresent()) {
      String why = known.id() + " is older than what it had reported: " + lost.get();
      if (presence.beats(known.replica())) {
        // The store itself runs: what comes is a copy, or the store asks again in a moment.
        return Decision.reply(
            new Registration.Unconfirmed(
                "%s; it comes from %s, and one runs at %s"
                    .formatted(why, newcomer.addresses().data(), known.addresses().data())));
      }
      return new Decision<>(
          List.of(new Change.Put(suspended(known, why))), () -> new Registration.Unconfirmed(why));
    }
    ChunkserverRecord record = record(newcomer, known.id(), Optional.of(known));
    return record.equals(known)
        ? Decision.reply(confirmed(known))
        : new Decision<>(List.of(new Change.Put(record)), () -> confirmed(record));
  }

  /** Another process of the same generation, of which one is confirmed. */
  private boolean runsBeside(Newcomer newcomer, ChunkserverRecord known) {
    return newcomer.start().generation().equals(known.start().generation())
        && (known.start().isTold()
            || heartbeats.heardOf(known.replica(), known.start().generation()));
  }

  /** For the cluster's status; a late message of the store's own start before is no news. */
  private void name(Newcomer newcomer, ReplicaId replica, String why) {
    Optional<ChunkserverRecord> known = office.image().chunkserverOf(newcomer.store());
    boolean isCopy = known.filter(record -> runsBeside(newcomer, record)).isPresent();
    if (!isCopy && !presence.beats(replica)) {
      presence.suspect(replica, why);
    } else if (isCopy
        || known.filter(record -> !record.addresses().equals(newcomer.addresses())).isPresent()) {
      presence.copy(replica, why);
    }
  }

  private Optional<String> lostMemory(Newcomer newcomer, ChunkserverRecord known) {
    long shown = heartbeats.seenRevision(known.replica());
    long kept = newcomer.seen().metastoreRevision();
    if (kept < shown) {
      return Optional.of(
          "it had seen revision " + shown + " of the metadata store and now knows only of " + kept);
    }
    return heartbeats.lastDurable(known.replica()).entrySet().stream()
        .filter(reported ->
            newcomer.durableIndexes().getOrDefault(reported.getKey(), -1L) < reported.getValue())
        .map(reported ->
            "of "
                + reported.getKey()
                + " it had reported entry "
                + reported.getValue()
                + " as durable and now has "
                + newcomer.durableIndexes().getOrDefault(reported.getKey(), 0L))
        .findFirst();
  }

  private Registration confirmed(ChunkserverRecord record) {
    return new Registration.Confirmed(record.id(), office.timings().heartbeatInterval());
  }

  private ChunkserverRecord record(
      Newcomer newcomer, ChunkserverId id, Optional<ChunkserverRecord> before) {
    return new ChunkserverRecord(
        new ReplicaId(id, newcomer.store()),
        newcomer.start(),
        newcomer.addresses(),
        newcomer.failureDomain(),
        newcomer.diskName(),
        newcomer.capacity().slots(),
        before.map(ChunkserverRecord::registered).orElseGet(office::now),
        Optional.empty());
  }

  private static ChunkserverRecord suspended(ChunkserverRecord record, String why) {
    return new ChunkserverRecord(
        record.replica(),
        record.start(),
        record.addresses(),
        record.failureDomain(),
        record.diskName(),
        record.slots(),
        record.registered(),
        Optional.of(why));
  }
}
