package io.kurve.mds.topology;

import io.kurve.core.id.ChunkserverId;
import io.kurve.mds.topology.CopysetPlanner.Plan;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Evens out preferred leaders: as long as a disk leads two more copysets than another that can be
 * reached over members (one copyset's lead moves to a member, one of that member's moves on, ...),
 * the lead is shifted along that path. Each shift lowers the sum of squares, so it ends.
 */
final class LeaderBalance {
  private final List<Plan> plans;
  private final Map<ChunkserverId, Integer> leads = new TreeMap<>();

  private LeaderBalance(List<Plan> plans) {
    this.plans = new ArrayList<>(plans);
    plans.forEach(plan -> plan.members().forEach(member -> leads.putIfAbsent(member, 0)));
    plans.forEach(plan -> leads.merge(plan.preferredLeader(), 1, Integer::sum));
  }

  static List<Plan> of(List<Plan> plans) {
    LeaderBalance balance = new LeaderBalance(plans);
    boolean shifted = true;
    while (shifted) {
      shifted = false;
      for (ChunkserverId disk : List.copyOf(balance.leads.keySet())) {
        shifted |= balance.relieve(disk);
      }
    }
    return List.copyOf(balance.plans);
  }

  private int count(ChunkserverId disk) {
    return leads.getOrDefault(disk, 0);
  }

  private boolean relieve(ChunkserverId heavy) {
    Map<ChunkserverId, Integer> planTo = new TreeMap<>();
    Deque<ChunkserverId> open = new ArrayDeque<>(List.of(heavy));
    Optional<ChunkserverId> light = Optional.empty();
    while (light.isEmpty() && !open.isEmpty()) {
      ChunkserverId from = open.remove();
      for (int i = 0; i < plans.size() && light.isEmpty(); i++) {
        if (plans.get(i).preferredLeader().equals(from)) {
          for (ChunkserverId member : plans.get(i).members()) {
            if (!member.equals(heavy) && planTo.putIfAbsent(member, i) == null) {
              open.add(member);
              light = count(member) <= count(heavy) - 2 ? Optional.of(member) : light;
            }
          }
        }
      }
    }
    light.ifPresent(end -> shift(heavy, end, planTo));
    return light.isPresent();
  }

  private void shift(ChunkserverId heavy, ChunkserverId light, Map<ChunkserverId, Integer> planTo) {
    ChunkserverId at = light;
    while (!at.equals(heavy)) {
      int plan = planTo.getOrDefault(at, 0);
      ChunkserverId before = plans.get(plan).preferredLeader();
      plans.set(plan, new Plan(plans.get(plan).members(), at));
      at = before;
    }
    leads.merge(heavy, -1, Integer::sum);
    leads.merge(light, 1, Integer::sum);
  }
}
