package io.kurve.testkit.raft;

import io.kurve.core.id.CopysetKey;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.log.Membership;
import io.kurve.testkit.time.SeededRandom;
import io.kurve.testkit.world.SimNetwork;
import io.kurve.testkit.world.SimProcess;
import io.kurve.testkit.world.SimWorld;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * All replicas of all groups of a world, and what must hold among them: one leader a term, one
 * entry an index, entries applied in order. Kept logs live here, as disks outlive processes.
 */
public final class SimRaft {
  private final SimWorld world;
  private final SimNetwork network;
  private final SeededRandom random;
  private final Map<ReplicaId, SimReplicatedLogs> members = new TreeMap<>();
  private final Map<ReplicaId, Map<CopysetKey, KeptLog>> kept = new TreeMap<>();
  private final Map<ReplicaId, Map<CopysetKey, Long>> tombstones = new TreeMap<>();
  private final Map<CopysetKey, Map<Long, ReplicaId>> leaders = new TreeMap<>();
  private final Map<CopysetKey, List<LogEntry>> applied = new TreeMap<>();
  private long installs;
  private Nastiness nastiness = Nastiness.NONE;

  /**
   * Each is once in so many; 0 is never.
   *
   * @param unknown proposals that end unknown although they may be applied
   * @param slowSync syncs that take up to half a second
   * @param slowApply applies that come up to half a second late
   * @param dropsEarly checkpoints that let go of the log up to themselves at once
   */
  public record Nastiness(int unknown, int overload, int slowSync, int slowApply, int dropsEarly) {
    public static final Nastiness NONE = new Nastiness(0, 0, 0, 0, 0);
  }

  public SimRaft(SimWorld world, SimNetwork network) {
    this.world = world;
    this.network = network;
    this.random = world.fork();
  }

  public void nastiness(Nastiness now) {
    nastiness = now;
  }

  Nastiness nastiness() {
    return nastiness;
  }

  boolean happens(int oneIn) {
    return oneIn > 0 && random.chance(oneIn);
  }

  SeededRandom random() {
    return random;
  }

  SimWorld world() {
    return world;
  }

  SimNetwork network() {
    return network;
  }

  void join(ReplicaId replica, SimReplicatedLogs logs) {
    members.put(replica, logs);
  }

  void leave(ReplicaId replica) {
    members.remove(replica);
  }

  Map<CopysetKey, KeptLog> kept(ReplicaId replica) {
    return kept.computeIfAbsent(replica, absent -> new TreeMap<>());
  }

  /** The other replica, if its process lives and has opened it. */
  @Nullable SimReplicatedLog<?> find(ReplicaId replica, CopysetKey copyset) {
    SimReplicatedLogs logs = members.get(replica);
    return logs == null ? null : logs.find(copyset);
  }

  @Nullable SimProcess processOf(ReplicaId replica) {
    SimReplicatedLogs logs = members.get(replica);
    return logs == null ? null : logs.process();
  }

  /** The replicas of a group that live, in order. */
  public List<SimReplicatedLog<?>> replicas(CopysetKey copyset) {
    List<SimReplicatedLog<?>> found = new ArrayList<>();
    for (SimReplicatedLogs logs : members.values()) {
      SimReplicatedLog<?> log = logs.find(copyset);
      if (log != null) {
        found.add(log);
      }
    }
    return found;
  }

  public List<CopysetKey> copysets() {
    List<CopysetKey> keys = new ArrayList<>();
    for (Map<CopysetKey, KeptLog> groups : kept.values()) {
      groups.keySet().stream().filter(key -> !keys.contains(key)).forEach(keys::add);
    }
    return keys.stream().sorted().toList();
  }

  /** How many entries of a group were ever applied anywhere. */
  public long appliedEntries(CopysetKey copyset) {
    return applied.getOrDefault(copyset, List.of()).size();
  }

  void leads(CopysetKey copyset, long term, ReplicaId leader) {
    ReplicaId other =
        leaders.computeIfAbsent(copyset, absent -> new TreeMap<>()).putIfAbsent(term, leader);
    if (other != null) {
      throw new AssertionError(copyset + " has two leaders in term " + term);
    }
    world.trace(leader.chunkserver() + " leads " + copyset + " in term " + term);
  }

  void applies(CopysetKey copyset, long index, LogEntry entry) {
    List<LogEntry> all = applied.computeIfAbsent(copyset, absent -> new ArrayList<>());
    if (index > all.size() + 1) {
      throw new AssertionError(copyset + " applies entry " + index + " before " + all.size());
    }
    if (index == all.size() + 1) {
      all.add(entry);
    } else if (!all.get((int) index - 1).equals(entry)) {
      throw new AssertionError(copyset + " applies two different entries " + index);
    }
  }

  /** What a store has durable, by group; for its registration. */
  public Map<CopysetKey, Long> durableIndexes(ReplicaId replica) {
    Map<CopysetKey, Long> durable = new TreeMap<>();
    kept(replica).forEach((copyset, log) -> durable.put(copyset, log.lastIndex()));
    return durable;
  }

  /** A copy of all that a store has of its logs. */
  public KeptLogs keptLogs(ReplicaId replica) {
    return new KeptLogs(kept(replica));
  }

  /** Its process must be dead. */
  public void restore(ReplicaId replica, KeptLogs copy) {
    kept.put(replica, copy.logs());
  }

  void installed() {
    installs++;
  }

  /** How many installs succeeded, of all replicas. */
  public long installs() {
    return installs;
  }

  KeptLog found(ReplicaId replica, CopysetKey copyset, Membership initial) {
    return kept(replica)
        .computeIfAbsent(
            copyset,
            absent -> {
              KeptLog fresh = new KeptLog(initial);
              fresh.term(tombstones(replica).getOrDefault(copyset, 0L));
              return fresh;
            });
  }

  /** The log is gone; the term stays. */
  void purge(ReplicaId replica, CopysetKey copyset) {
    KeptLog gone = kept(replica).remove(copyset);
    if (gone != null) {
      tombstones(replica).put(copyset, gone.term());
    }
  }

  private Map<CopysetKey, Long> tombstones(ReplicaId replica) {
    return tombstones.computeIfAbsent(replica, absent -> new TreeMap<>());
  }
}
