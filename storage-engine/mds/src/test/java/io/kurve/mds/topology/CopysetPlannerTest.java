package io.kurve.mds.topology;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kurve.core.id.ChunkserverId;
import io.kurve.mds.topology.CopysetPlanner.Candidate;
import io.kurve.mds.topology.CopysetPlanner.Plan;
import java.util.ArrayList;
import java.util.IntSummaryStatistics;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** Every shape of up to six servers with up to three disks each, one to three replicas. */
class CopysetPlannerTest {
  @Test
  void membersLieInDistinctDomainsAndLeadersAreMembers() {
    forEachShape((candidates, replicas, copysets, plans) -> {
      assertThat(plans).hasSize(copysets);
      Map<ChunkserverId, String> domains = new TreeMap<>();
      candidates.forEach(c -> domains.put(c.id(), c.failureDomain()));
      for (Plan plan : plans) {
        assertThat(plan.members()).hasSize(replicas).isSorted().contains(plan.preferredLeader());
        assertThat(plan.members().stream().map(domains::get).distinct()).hasSize(replicas);
      }
    });
  }

  @Test
  void serversOfEqualSizeHoldEquallyManyReplicasAndLeaders() {
    for (int servers = 3; servers <= 6; servers++) {
      for (int disks = 1; disks <= 3; disks++) {
        List<Candidate> candidates = candidates(servers, disks);
        for (int copysets : new int[] {1, 4, 16, 60}) {
          List<Plan> plans = CopysetPlanner.plan(candidates, 3, copysets);
          assertThat(spread(candidates, plans, false)).isLessThanOrEqualTo(1);
          assertThat(spread(candidates, plans, true)).isLessThanOrEqualTo(1);
        }
      }
    }
  }

  @Test
  void theSameDisksGetTheSamePlan() {
    List<Candidate> candidates = candidates(4, 2);
    List<Candidate> reversed = candidates.reversed();
    assertThat(CopysetPlanner.plan(candidates, 3, 16))
        .isEqualTo(CopysetPlanner.plan(reversed, 3, 16));
  }

  @Test
  void manyDisksShareTheWorkOfRebuildingOne() {
    List<Candidate> candidates = candidates(6, 2);
    List<Plan> plans = CopysetPlanner.plan(candidates, 3, 60);
    for (Candidate candidate : candidates) {
      long partners =
          plans.stream()
              .filter(plan -> plan.members().contains(candidate.id()))
              .flatMap(plan -> plan.members().stream())
              .distinct()
              .count();
      assertThat(partners - 1).isGreaterThanOrEqualTo(8);
    }
  }

  @Test
  void fewerDomainsThanReplicasAreRefused() {
    List<Candidate> candidates = candidates(2, 3);
    assertThat(CopysetPlanner.possible(candidates, 3)).isFalse();
    assertThatThrownBy(() -> CopysetPlanner.plan(candidates, 3, 1))
        .isInstanceOf(IllegalArgumentException.class);
  }

  private interface Check {
    void on(List<Candidate> candidates, int replicas, int copysets, List<Plan> plans);
  }

  private static void forEachShape(Check check) {
    for (int shape = 0; shape < 4 * 4 * 4 * 4 * 4; shape++) {
      List<Candidate> candidates = new ArrayList<>();
      int rest = shape;
      for (int server = 0; server < 5; server++, rest /= 4) {
        for (int disk = 0; disk < rest % 4; disk++) {
          candidates.add(
              new Candidate(new ChunkserverId(candidates.size() + 1), "server-" + server));
        }
      }
      for (int replicas = 1; replicas <= 3; replicas++) {
        if (CopysetPlanner.possible(candidates, replicas)) {
          check.on(candidates, replicas, 6, CopysetPlanner.plan(candidates, replicas, 6));
        }
      }
    }
  }

  private static List<Candidate> candidates(int servers, int disksEach) {
    List<Candidate> candidates = new ArrayList<>();
    for (int disk = 0; disk < disksEach; disk++) {
      for (int server = 0; server < servers; server++) {
        candidates.add(new Candidate(new ChunkserverId(candidates.size() + 1), "server-" + server));
      }
    }
    return candidates;
  }

  private static int spread(List<Candidate> candidates, List<Plan> plans, boolean leaders) {
    IntSummaryStatistics counts =
        candidates.stream()
            .mapToInt(candidate ->
                (int)
                    plans.stream()
                        .filter(plan ->
                            leaders
                                ? plan.preferredLeader().equals(candidate.id())
                                : plan.members().contains(candidate.id()))
                        .count())
            .summaryStatistics();
    return counts.getMax() - counts.getMin();
  }
}
