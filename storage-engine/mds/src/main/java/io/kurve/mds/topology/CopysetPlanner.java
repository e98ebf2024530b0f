package io.kurve.mds.topology;

import io.kurve.core.id.ChunkserverId;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Lays the copysets of a pool over its disks.
 *
 * <p>Each copyset takes its members one after the other: from a failure domain that it does not use
 * yet, the disk with the fewest copysets; among those one of the least loaded domain, then the one
 * that shares the fewest copysets with the members it has (so that many disks help when one is
 * rebuilt); then the lowest id. Its preferred leader is the member with the fewest leaders; at the
 * end {@link LeaderBalance} evens out what that left.
 *
 * <p>A domain that holds more than its share of the disks can't fill them all: if it holds more
 * than one in {@code replicas}, it still gets only one replica of each copyset.
 */
public final class CopysetPlanner {
  private final Map<ChunkserverId, String> domains = new TreeMap<>();
  private final int replicas;
  private final Map<ChunkserverId, Integer> load = new TreeMap<>();
  private final Map<ChunkserverId, Integer> leaders = new TreeMap<>();
  private final Map<ChunkserverId, Map<ChunkserverId, Integer>> together = new TreeMap<>();

  private CopysetPlanner(Collection<Candidate> candidates, int replicas) {
    this.replicas = replicas;
    candidates.forEach(candidate -> domains.put(candidate.id(), candidate.failureDomain()));
  }

  public record Candidate(ChunkserverId id, String failureDomain) {}

  /**
   * @param members sorted, each of another failure domain
   */
  public record Plan(List<ChunkserverId> members, ChunkserverId preferredLeader) {}

  public static boolean possible(Collection<Candidate> candidates, int replicas) {
    return candidates.stream().map(Candidate::failureDomain).distinct().count() >= replicas;
  }

  /**
   * @throws IllegalArgumentException when there are fewer failure domains than replicas
   */
  public static List<Plan> plan(Collection<Candidate> candidates, int replicas, int copysets) {
    if (!possible(candidates, replicas)) {
      throw new IllegalArgumentException(
          replicas + " replicas need as many failure domains; there are fewer in " + candidates);
    }
    CopysetPlanner planner = new CopysetPlanner(candidates, replicas);
    List<Plan> plans = new ArrayList<>();
    for (int i = 0; i < copysets; i++) {
      plans.add(planner.next());
    }
    return LeaderBalance.of(plans);
  }

  private Plan next() {
    List<ChunkserverId> members = new ArrayList<>();
    Set<String> used = new HashSet<>();
    while (members.size() < replicas) {
      ChunkserverId chosen =
          domains.keySet().stream()
              .filter(id -> !used.contains(domains.get(id)))
              .min(
                  Comparator.comparingInt((ChunkserverId id) -> load.getOrDefault(id, 0))
                      .thenComparingDouble(this::domainLoad)
                      .thenComparingInt(id -> sharedWith(id, members))
                      .thenComparing(Comparator.naturalOrder()))
              .orElseThrow();
      members.add(chosen);
      used.add(domains.getOrDefault(chosen, ""));
    }
    members.sort(Comparator.naturalOrder());
    ChunkserverId leader =
        members.stream()
            .min(
                Comparator.comparingInt((ChunkserverId id) -> leaders.getOrDefault(id, 0))
                    .thenComparing(Comparator.naturalOrder()))
            .orElseThrow();
    for (ChunkserverId member : members) {
      load.merge(member, 1, Integer::sum);
      for (ChunkserverId other : members) {
        together.computeIfAbsent(member, id -> new TreeMap<>()).merge(other, 1, Integer::sum);
      }
    }
    leaders.merge(leader, 1, Integer::sum);
    return new Plan(List.copyOf(members), leader);
  }

  /** Copysets per disk of the disk's domain. */
  private double domainLoad(ChunkserverId id) {
    return domains.entrySet().stream()
        .filter(other -> other.getValue().equals(domains.get(id)))
        .mapToInt(other -> load.getOrDefault(other.getKey(), 0))
        .average()
        .orElse(0);
  }

  private int sharedWith(ChunkserverId id, List<ChunkserverId> members) {
    Map<ChunkserverId, Integer> shared = together.getOrDefault(id, Map.of());
    return members.stream().mapToInt(member -> shared.getOrDefault(member, 0)).sum();
  }
}
