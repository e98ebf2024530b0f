package io.kurve.consensus.jraft;

import static org.assertj.core.api.Assertions.assertThat;

import io.kurve.core.id.ChunkserverId;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.id.StoreId;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** Rule 14's two halves under a clock of our own. */
final class LeaseAndVoteTest {
  private static final Duration TIMEOUT = Duration.ofSeconds(1);

  private final ReplicaId a = replica(1);
  private final ReplicaId b = replica(2);
  private final ReplicaId c = replica(3);
  private final ReplicaId d = replica(4);
  private final Clock clock = new Clock();
  private final LeaderLease lease = new LeaderLease(a, clock, TIMEOUT);

  @Test
  void rule14TheLeaseLastsHalfAnElectionTimeoutFromTheSending() {
    lease.voters(List.of(a, b, c), List.of());
    assertThat(lease.holds(5)).isFalse();
    long sent = lease.now();
    clock.pass(Duration.ofMillis(300));
    lease.acknowledged(5, b, sent);
    assertThat(lease.holds(5)).isTrue();
    clock.pass(Duration.ofMillis(200));
    assertThat(lease.holds(5)).isFalse();
  }

  @Test
  void rule14AcknowledgementsOfAnotherTermDoNotCount() {
    lease.voters(List.of(a, b, c), List.of());
    lease.acknowledged(5, b, lease.now());
    assertThat(lease.holds(6)).isFalse();
    lease.acknowledged(6, c, lease.now());
    assertThat(lease.holds(6)).isTrue();
    lease.acknowledged(5, b, lease.now());
    assertThat(lease.holds(5)).isFalse();
  }

  @Test
  void rule14ASurrenderedTermNeverHasALeaseAgain() {
    lease.voters(List.of(a, b, c), List.of());
    lease.acknowledged(5, b, lease.now());
    lease.surrender(5);
    lease.acknowledged(5, b, lease.now());
    lease.acknowledged(5, c, lease.now());
    assertThat(lease.holds(5)).isFalse();
    lease.acknowledged(6, c, lease.now());
    assertThat(lease.holds(6)).isTrue();
  }

  @Test
  void rule14ASuspensionDropsTheLeaseAndWhatLeftBeforeIt() {
    lease.voters(List.of(a, b, c), List.of());
    long sent = lease.now();
    lease.acknowledged(5, b, sent);
    clock.suspend(Duration.ofMillis(100));
    assertThat(lease.holds(5)).isFalse();
    lease.acknowledged(5, c, sent);
    assertThat(lease.holds(5)).isFalse();
    clock.pass(Duration.ofMillis(1));
    lease.acknowledged(5, c, lease.now());
    assertThat(lease.holds(5)).isTrue();
  }

  @Test
  void rule15AJointChangeNeedsBothMajorities() {
    lease.voters(List.of(a, b, c), List.of(a, d));
    lease.acknowledged(5, b, lease.now());
    assertThat(lease.holds(5)).isFalse();
    lease.acknowledged(5, d, lease.now());
    assertThat(lease.holds(5)).isTrue();
  }

  @Test
  void aSingleVoterAlwaysHoldsItsLease() {
    lease.voters(List.of(a), List.of());
    assertThat(lease.holds(1)).isTrue();
    lease.voters(List.of(b), List.of());
    assertThat(lease.holds(1)).isFalse();
  }

  @Test
  void rule14NoVoteForAnElectionTimeoutAfterTheStartAndAfterALeadersMessage() {
    VoteGate gate = new VoteGate(clock, TIMEOUT);
    assertThat(votes(gate, false)).isFalse();
    clock.pass(TIMEOUT);
    assertThat(votes(gate, false)).isTrue();
    assertThat(gate.heardLeader()).isTrue();
    clock.pass(TIMEOUT.minusMillis(1));
    assertThat(votes(gate, false)).isFalse();
    assertThat(votes(gate, true)).isTrue();
    clock.pass(Duration.ofMillis(1));
    assertThat(votes(gate, false)).isTrue();
  }

  @Test
  void rule14AMessageDoesNotWaitForAVoteAndIsNotTakenBesideIt() {
    VoteGate gate = new VoteGate(clock, TIMEOUT);
    clock.pass(TIMEOUT);
    boolean heard =
        gate.vote(false, () -> true, () -> CompletableFuture.supplyAsync(gate::heardLeader).join());
    assertThat(heard).isFalse();
    assertThat(gate.heardLeader()).isTrue();
    assertThat(votes(gate, false)).isFalse();
  }

  private static boolean votes(VoteGate gate, boolean released) {
    return gate.vote(released, () -> false, () -> true);
  }

  private static ReplicaId replica(long number) {
    return new ReplicaId(new ChunkserverId(number), new StoreId(new UUID(1, number)));
  }

  private static final class Clock implements LeaseClock {
    private long nanos = 12345;
    private long suspended = 7;

    void pass(Duration time) {
      nanos += time.toNanos();
    }

    void suspend(Duration time) {
      suspended += time.toNanos();
    }

    @Override
    public long monotonicNanos() {
      return nanos;
    }

    @Override
    public long suspendedNanos() {
      return suspended;
    }
  }
}
