package io.kurve.core.metadata;

import io.kurve.core.id.ChunkserverId;
import io.kurve.core.id.ClusterId;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.id.StoreId;
import io.kurve.core.id.StoreStart;
import io.kurve.core.log.Membership;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionStage;

/** How chunkservers make themselves known to the MDS and stay so. */
public interface ChunkserverRegistry {
  /**
   * A new store gets a new id; a known one must come with its id, a generation above the last seen
   * and no durable index below the last reported, else {@link Registration.Unconfirmed}. Of two
   * starts in one generation only the first is confirmed, however often it asks.
   */
  CompletionStage<Registration> register(Newcomer newcomer);

  CompletionStage<HeartbeatReply> heartbeat(ChunkserverReport report);

  /**
   * @param failureDomain what must differ between the replicas of a copyset: the server's name
   */
  record Newcomer(
      ClusterId cluster,
      StoreId store,
      Optional<ChunkserverId> id,
      StoreStart start,
      Addresses addresses,
      String failureDomain,
      String diskName,
      ChunkserverReport.Capacity capacity,
      ChunkserverReport.Seen seen,
      Map<CopysetKey, Long> durableIndexes) {}

  record Addresses(HostAndPort data, HostAndPort control, HostAndPort metrics) {}

  sealed interface Registration {
    /** The store may take part. */
    record Confirmed(ChunkserverId id, Duration heartbeatInterval) implements Registration {}

    /** The store is older than what this cluster has seen of it: it must neither vote nor serve. */
    record Unconfirmed(String why) implements Registration {}
  }

  /**
   * @param founding copysets that this chunkserver must found if its store is no member yet
   * @param placements of all copysets of this chunkserver, with the members' addresses
   */
  record HeartbeatReply(
      ChunkserverCommands.Authority authority,
      Map<CopysetKey, Membership> founding,
      List<CopysetPlacement> placements) {}
}
