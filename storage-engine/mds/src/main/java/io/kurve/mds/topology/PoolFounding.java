package io.kurve.mds.topology;

import io.kurve.core.id.ChunkserverId;
import io.kurve.core.id.CopysetGeneration;
import io.kurve.core.id.CopysetId;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.log.Membership;
import io.kurve.core.metadata.ChunkserverCommands;
import io.kurve.mds.leadership.Decision;
import io.kurve.mds.leadership.Office;
import io.kurve.mds.record.StoredRecord.ChunkserverRecord;
import io.kurve.mds.record.StoredRecord.ClusterRecord;
import io.kurve.mds.record.StoredRecord.CopysetRecord;
import io.kurve.mds.record.StoredRecord.IdKind;
import io.kurve.mds.state.Change;
import io.kurve.mds.state.Ids;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Founds the one pool once, when as many disks have registered as the cluster was made for and they
 * lie in enough failure domains. The members are told at once and, should that fail, in the answer
 * to each heartbeat.
 *
 * <p>A transaction takes only so many copysets. The plan is made for all of them each time and from
 * the disks alone, so whoever goes on after a crash lays the rest as the first would have; were
 * there more disks by then, the rest is laid as the larger plan says.
 */
public final class PoolFounding {
  private static final Logger LOG = LoggerFactory.getLogger(PoolFounding.class);

  /** Well below the number of writes that any store takes in one transaction. */
  private static final int AT_ONCE = 100;

  private final Office office;
  private final ChunkserverCommands commands;
  private Layout layout = new Layout(List.of(), List.of());

  private record Layout(
      List<CopysetPlanner.Candidate> candidates, List<CopysetPlanner.Plan> plans) {}

  public PoolFounding(Office office, ChunkserverCommands commands) {
    this.office = office;
    this.commands = commands;
  }

  /** Looks whether it can be done now, and does it. */
  public void kick() {
    if (missing().isPresent() || isFounded()) {
      return;
    }
    office.background(
        office
            .gate()
            .write(this::decide)
            .thenAccept(founded -> {
              founded.forEach(this::tellMembers);
              if (!founded.isEmpty()) {
                kick();
              }
            }));
  }

  private boolean isFounded() {
    return office
        .image()
        .cluster()
        .filter(cluster -> office.image().copysets().size() < cluster.copysets())
        .isEmpty();
  }

  /** What the pool waits for, in words; empty when nothing. */
  public Optional<String> missing() {
    Optional<ClusterRecord> cluster = office.image().cluster();
    if (cluster.isEmpty() || isFounded()) {
      return Optional.empty();
    }
    List<CopysetPlanner.Candidate> candidates = candidates();
    long domains =
        candidates.stream().map(CopysetPlanner.Candidate::failureDomain).distinct().count();
    return candidates.size() >= cluster.get().chunkservers() && domains >= cluster.get().replicas()
        ? Optional.empty()
        : Optional.of(
            candidates.size()
                + " of "
                + cluster.get().chunkservers()
                + " disks have registered, on "
                + domains
                + " of at least "
                + cluster.get().replicas()
                + " servers");
  }

  private List<CopysetPlanner.Candidate> candidates() {
    return office.image().chunkservers().values().stream()
        .filter(disk -> disk.suspended().isEmpty())
        .map(disk -> new CopysetPlanner.Candidate(disk.id(), disk.failureDomain()))
        .toList();
  }

  private Decision<List<CopysetRecord>> decide() {
    Optional<ClusterRecord> cluster = office.image().cluster();
    if (cluster.isEmpty() || missing().isPresent() || isFounded()) {
      return Decision.reply(List.of());
    }
    Map<ChunkserverId, ReplicaId> replicas =
        office.image().chunkservers().values().stream()
            .collect(
                Collectors.toMap(
                    ChunkserverRecord::id, ChunkserverRecord::replica, (a, _) -> a, TreeMap::new));
    int there = office.image().copysets().size();
    List<CopysetPlanner.Plan> plans =
        plans(cluster.get()).stream().skip(there).limit(AT_ONCE).toList();
    Ids.Taken ids = office.ids().take(IdKind.GENERAL, plans.size());
    List<Change> changes = new ArrayList<>(ids.changes());
    List<CopysetRecord> founded = new ArrayList<>();
    for (CopysetPlanner.Plan plan : plans) {
      CopysetId id = new CopysetId(ids.first() + founded.size());
      List<ReplicaId> members =
          replicas.values().stream()
              .filter(replica -> plan.members().contains(replica.chunkserver()))
              .toList();
      founded.add(
          new CopysetRecord(
              new CopysetKey(id, new CopysetGeneration(1)),
              Membership.ofVoters(members),
              plan.preferredLeader(),
              0));
    }
    founded.forEach(copyset -> changes.add(new Change.Put(copyset)));
    return new Decision<>(changes, () -> founded);
  }

  private List<CopysetPlanner.Plan> plans(ClusterRecord cluster) {
    List<CopysetPlanner.Candidate> candidates = candidates();
    if (!layout.candidates().equals(candidates)) {
      layout =
          new Layout(
              candidates, CopysetPlanner.plan(candidates, cluster.replicas(), cluster.copysets()));
    }
    return layout.plans();
  }

  private void tellMembers(CopysetRecord copyset) {
    for (ReplicaId member : copyset.membership().voters()) {
      office.background(
          commands
              .createCopyset(member, office.authority(), copyset.copyset(), copyset.membership())
              .whenComplete((_, failure) -> {
                if (failure != null) {
                  LOG.info(
                      "{} hears of {} with its next heartbeat: {}",
                      member,
                      copyset.copyset(),
                      failure.toString());
                }
              }));
    }
  }
}
