package io.kurve.consensus.jraft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.alipay.sofa.jraft.core.NodeImpl;
import com.alipay.sofa.jraft.util.RpcFactoryHelper;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.log.LogPosition;
import io.kurve.core.log.Membership;
import io.kurve.core.log.Proposal;
import io.kurve.core.log.ReadPermission;
import io.kurve.core.log.ReplicaStatus;
import io.kurve.testkit.log.ListStateMachine;
import io.kurve.testkit.log.Patience;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What the contract can't ask for: faults of one replica's log, clock and library. */
final class JraftAdapterTest {
  private static final Duration DEADLINE = Duration.ofSeconds(20);

  private final Map<ReplicaId, InMemoryGroupLogs.Wal> wals = new HashMap<>();
  private final LoopbackCluster cluster =
      new LoopbackCluster(
          3,
          replica -> {
            InMemoryGroupLogs.Wal wal = new InMemoryGroupLogs.Wal();
            wals.put(replica, wal);
            return wal;
          });

  @AfterEach
  void close() {
    cluster.close();
  }

  @Test
  void rule02NoAnswerAfterAFailedAppend() throws Exception {
    ReplicaId leader = startAll();
    wal(leader).failAppends();
    CompletableFuture<Proposal<Integer>> end = propose(leader, "x");
    Patience.await("the process halts", DEADLINE, () -> cluster.faults(leader).isHalted());
    Patience.await(
        "the replica has failed",
        DEADLINE,
        () -> cluster.log(leader).status().role() == ReplicaStatus.Role.FAILED);
    if (end.isDone()) {
      assertThat(end.get()).isNotInstanceOf(Proposal.Applied.class);
    }
    cluster.kill(leader);
    ReplicaId next = awaitLeader();
    assertThat(end(propose(next, "y"))).isInstanceOf(Proposal.Applied.class);
  }

  @Test
  void rule03AFailedVoteWriteHaltsAndGivesNoVote() {
    ReplicaId leader = startAll();
    List<ReplicaId> others = others(leader);
    wal(others.getFirst()).failVotes();
    wal(others.getLast()).failVotes();
    cluster.kill(leader);
    Patience.await(
        "who had to write a term halts",
        DEADLINE,
        () -> others.stream().anyMatch(replica -> cluster.faults(replica).isHalted()));
    assertThat(
            Patience.becomesTrue(
                LoopbackCluster.ELECTION_TIMEOUT.multipliedBy(4),
                () -> others.stream().anyMatch(this::leads)))
        .isFalse();
  }

  @Test
  void rule03WhoHasNoRoomForAPromiseGivesNoneAndGoesOnWhenItHas() throws Exception {
    ReplicaId leader = startAll();
    assertThat(end(propose(leader, "before"))).isInstanceOf(Proposal.Applied.class);
    List<ReplicaId> others = others(leader);
    others.forEach(replica -> wal(replica).lackRoomForVotes(true));
    cluster.kill(leader);
    assertThat(
            Patience.becomesTrue(
                LoopbackCluster.ELECTION_TIMEOUT.multipliedBy(4),
                () -> others.stream().anyMatch(this::leads)))
        .isFalse();
    others.forEach(replica -> assertThat(cluster.faults(replica).isHalted()).isFalse());
    wal(others.getFirst()).lackRoomForVotes(false);
    assertThat(
            Patience.becomesTrue(
                LoopbackCluster.ELECTION_TIMEOUT.multipliedBy(4),
                () -> others.stream().anyMatch(this::leads)))
        .as("one that may promise is no majority")
        .isFalse();
    wal(others.getLast()).lackRoomForVotes(false);
    ReplicaId next = awaitLeader();
    assertThat(end(propose(next, "after"))).isInstanceOf(Proposal.Applied.class);
    others.forEach(replica -> assertThat(cluster.faults(replica).isHalted()).isFalse());
  }

  @Test
  void rule03WhoHasNoRoomForATermTakesNothingOfItsLeader() throws Exception {
    ReplicaId leader = startAll();
    List<ReplicaId> others = others(leader);
    ReplicaId cramped = others.getFirst();
    wal(cramped).lackRoomForVotes(true);
    cluster.kill(leader);
    cluster.start(leader);
    ReplicaId next = awaitLeader();
    assertThat(next).isNotEqualTo(cramped);
    assertThat(end(propose(next, "with the other"))).isInstanceOf(Proposal.Applied.class);
    assertThat(
            Patience.becomesTrue(
                LoopbackCluster.ELECTION_TIMEOUT.multipliedBy(4),
                () -> !cluster.machine(cramped).commands().isEmpty()))
        .isFalse();
    assertThat(cluster.faults(cramped).isHalted()).isFalse();
    wal(cramped).lackRoomForVotes(false);
    awaitCaughtUp(next, cramped);
  }

  @Test
  void rule05NothingIsAppliedBeforeItIsDurableHere() throws Exception {
    ReplicaId leader = startAll();
    assertThat(end(propose(leader, "before"))).isInstanceOf(Proposal.Applied.class);
    CountDownLatch disk = wal(leader).stallAppends();
    CompletableFuture<Proposal<Integer>> end;
    try {
      end = propose(leader, "stalled");
      for (ReplicaId follower : others(leader)) {
        Patience.await(
            "the followers have it",
            DEADLINE,
            () -> cluster.log(follower).status().indexes().durable() >= 3);
      }
      Patience.await(
          "the majority committed it",
          DEADLINE,
          () -> cluster.log(leader).status().indexes().committed() >= 3);
      assertThat(cluster.machine(leader).commands()).containsExactly("before");
      assertThat(end).isNotDone();
    } finally {
      // Else the disk is waited for at the end, and the failure is not seen.
      disk.countDown();
    }
    assertThat(end(end)).isInstanceOf(Proposal.Applied.class);
  }

  @Test
  void rule09AFullLogAnswersOverloadBeforeItAppends() throws Exception {
    ReplicaId leader = startAll();
    long last = cluster.log(leader).status().indexes().durable();
    wal(leader).space(90, 100);
    Proposal<Integer> end = end(propose(leader, "x"));
    assertThat(end).isInstanceOf(Proposal.Rejected.class);
    assertThat(((Proposal.Rejected<Integer>) end).reason()).isEqualTo(Proposal.Reason.OVERLOAD);
    assertThat(cluster.log(leader).status().indexes().durable()).isEqualTo(last);
    wal(leader).space(0, 1 << 20);
    assertThat(end(propose(leader, "y"))).isInstanceOf(Proposal.Applied.class);
  }

  @Test
  void aFollowerThatCatchesUpKeepsNeitherTheNetworksThreadsNorMuchMemory() throws Exception {
    ReplicaId leader = startAll();
    ReplicaId follower = others(leader).getFirst();
    cluster.kill(follower);
    String large = "x".repeat(200_000);
    for (int n = 0; n < 200; n++) {
      applied(large + n);
    }
    cluster.network().delay(Duration.ofMillis(5));
    cluster.start(follower);
    wal(follower).space(0, 1 << 30);
    ReplicaId sender = awaitLeader();
    awaitCaughtUp(sender, follower);
    Map<String, Integer> readers = wal(sender).readers();
    assertThat(readers.values().stream().mapToInt(count -> count).sum()).isGreaterThan(100);
    // One message's worth: what was in memory a moment ago may be gone when it is sent.
    assertThat(
            readers.entrySet().stream()
                .filter(reader -> reader.getKey().startsWith(LoopbackNetwork.THREADS))
                .mapToInt(Map.Entry::getValue)
                .sum())
        .as("%s; %s of %s led first", readers, leader, cluster.replicas())
        .isLessThanOrEqualTo(6);
    // Beside entries: heartbeats.
    assertThat(cluster.network().mostUnanswered()).isLessThan(32);
  }

  @Test
  void rule09AFollowerWithAFullLogTakesNothingAndCatchesUpLater() throws Exception {
    ReplicaId leader = startAll();
    ReplicaId follower = others(leader).getFirst();
    wal(follower).space(100, 100);
    assertThat(end(propose(leader, "x"))).isInstanceOf(Proposal.Applied.class);
    assertThat(cluster.machine(follower).commands()).isEmpty();
    wal(follower).space(0, 1 << 20);
    Patience.await(
        "the follower catches up",
        DEADLINE,
        () -> cluster.machine(follower).commands().size() == 1);
  }

  @Test
  void rule14ASuspendedLeaderHasNoLease() {
    ReplicaId leader = startAll();
    others(leader).forEach(other -> cluster.cut(leader, other));
    cluster.clock(leader).suspend(Duration.ofSeconds(5));
    assertThat(cluster.log(leader).readPermission()).isInstanceOf(ReadPermission.Refused.class);
  }

  @Test
  void aClosedReplicaForgetsNoProposal() throws Exception {
    ReplicaId leader = startAll();
    others(leader).forEach(other -> cluster.cut(leader, other));
    CompletableFuture<Proposal<Integer>> end = propose(leader, "x");
    var log = cluster.log(leader);
    long term = cluster.machine(leader).leadingTerm();
    Patience.await(
        "it is in the leader's log", DEADLINE, () -> log.status().indexes().durable() == 2);
    log.close();
    assertThat(end(end)).isInstanceOf(Proposal.Unknown.class);
    CompletableFuture<Proposal<Integer>> later = new CompletableFuture<>();
    log.propose(ListStateMachine.command("y"), term, later::complete);
    assertThat(end(later)).isInstanceOf(Proposal.Rejected.class);
  }

  @Test
  void messagesTakeTimeAndNothingChanges() throws Exception {
    cluster.network().delay(Duration.ofMillis(20));
    ReplicaId leader = startAll();
    for (int i = 0; i < 5; i++) {
      assertThat(end(propose(leader, "c" + i))).isInstanceOf(Proposal.Applied.class);
    }
    assertThat(leads(leader)).isTrue();
  }

  @Test
  void ourTransportTakesBoltsPlace() {
    assertThat(RpcFactoryHelper.rpcFactory()).isInstanceOf(KurveRpcFactory.class);
  }

  /** Older ones answer before a vote or a term is durable. */
  @Test
  void jraftIsNewEnough() throws IOException {
    Properties properties = new Properties();
    String path = "/META-INF/maven/com.alipay.sofa/jraft-core/pom.properties";
    try (InputStream in = Objects.requireNonNull(NodeImpl.class.getResourceAsStream(path))) {
      properties.load(in);
    }
    int[] version =
        Arrays.stream(properties.getProperty("version").split("\\D+"))
            .mapToInt(Integer::parseInt)
            .toArray();
    assertThat(Arrays.compare(version, new int[] {1, 4, 1})).isNotNegative();
  }

  @Test
  void rule11AReplicaWhoseCheckpointIsOlderThanItsLogDoesNotStart() {
    ReplicaId lost = others(startAll()).getFirst();
    cluster.kill(lost);
    for (CopysetKey copyset : wal(lost).groups()) {
      wal(lost).found(copyset, Membership.ofVoters(List.of())).reset(new LogPosition(9, 50));
    }
    assertThatThrownBy(() -> cluster.start(lost))
        .isInstanceOf(KurveException.class)
        .hasMessageContaining("begins after entry 50");
  }

  @Test
  void rule12TheLeaderKeepsItsLogUntilARunningInstallHasIt() throws Exception {
    ReplicaId leader = startAll();
    ReplicaId follower = others(leader).getFirst();
    CountDownLatch install = startInstall(leader, follower);
    long term = cluster.log(leader).status().term();
    long first = cluster.log(leader).status().indexes().first();
    for (int n = 0; n < 5; n++) {
      assertThat(end(propose(leader, "during " + n))).isInstanceOf(Proposal.Applied.class);
      checkpoint(leader);
    }
    assertThat(cluster.log(leader).status().indexes().first()).isEqualTo(first);
    install.countDown();
    awaitCaughtUp(leader, follower);
    long terms = cluster.log(leader).status().term() - term;
    assertThat(cluster.storage(follower).installs()).isLessThanOrEqualTo(1 + (int) terms);
    Patience.await(
        "the log is dropped again",
        DEADLINE,
        () -> {
          var unused = cluster.log(leader).checkpoint();
          return cluster.log(leader).status().indexes().first() > first;
        });
  }

  @Test
  void rule12ALogThatIsNearlyFullIsDroppedAndTheInstallBeginsAnew() throws Exception {
    ReplicaId leader = startAll();
    ReplicaId follower = others(leader).getFirst();
    CountDownLatch install = startInstall(leader, follower);
    wal(leader).space(80 << 20, 100 << 20);
    long wanted = cluster.storage(leader).checkpoint().at().index();
    for (int n = 0; n < 3; n++) {
      assertThat(end(propose(leader, "during " + n))).isInstanceOf(Proposal.Applied.class);
      checkpoint(leader);
    }
    Patience.await(
        "the log is dropped",
        DEADLINE,
        () -> cluster.log(leader).status().indexes().first() > wanted + 1);
    install.countDown();
    awaitCaughtUp(leader, follower);
    assertThat(cluster.storage(follower).installs()).isGreaterThan(1);
  }

  @Test
  void rule09AReplicaWithoutRoomAcknowledgesNothingMoreAndTheProcessGoesOn() throws Exception {
    ReplicaId leader = startAll();
    assertThat(end(propose(leader, "before"))).isInstanceOf(Proposal.Applied.class);
    cluster.storage(leader).full();
    assertThat(end(propose(leader, "unknown"))).isInstanceOf(Proposal.Unknown.class);
    Patience.await(
        "the leader's replica has failed",
        DEADLINE,
        () -> cluster.log(leader).status().role() == ReplicaStatus.Role.FAILED);
    assertThat(cluster.machine(leader).commands()).containsExactly("before");
    assertThat(cluster.log(leader).readPermission()).isInstanceOf(ReadPermission.Refused.class);
    ReplicaId next = awaitLeader();
    assertThat(end(propose(next, "after"))).isInstanceOf(Proposal.Applied.class);
    assertThat(cluster.machine(next).commands()).containsExactly("before", "unknown", "after");
    assertThat(cluster.faults(leader).isHalted()).isFalse();
  }

  /** The follower lacks what the leader has no log of, and hangs while it fetches that. */
  private CountDownLatch startInstall(ReplicaId leader, ReplicaId follower) throws Exception {
    cluster.kill(follower);
    for (int n = 0; n < 3; n++) {
      assertThat(end(propose(leader, "before " + n))).isInstanceOf(Proposal.Applied.class);
      checkpoint(leader);
    }
    CountDownLatch install = cluster.storage(follower).stallInstalls();
    cluster.start(follower);
    wal(follower).space(0, 1 << 20);
    Patience.await("an install begins", DEADLINE, () -> cluster.storage(follower).installs() == 1);
    return install;
  }

  private void checkpoint(ReplicaId replica) throws Exception {
    var unused =
        cluster
            .log(replica)
            .checkpoint()
            .toCompletableFuture()
            .get(DEADLINE.toSeconds(), TimeUnit.SECONDS);
  }

  private void awaitCaughtUp(ReplicaId leader, ReplicaId follower) {
    Patience.await(
        "the follower has all",
        DEADLINE,
        () -> cluster.machine(follower).commands().equals(cluster.machine(leader).commands()));
  }

  private ReplicaId startAll() {
    cluster.replicas().forEach(cluster::start);
    wals.values().forEach(wal -> wal.logs().space(0, 1 << 20));
    return awaitLeader();
  }

  private InMemoryGroupLogs wal(ReplicaId replica) {
    return Objects.requireNonNull(wals.get(replica)).logs();
  }

  private boolean leads(ReplicaId replica) {
    return cluster.isRunning(replica)
        && cluster.log(replica).readPermission() instanceof ReadPermission.Granted;
  }

  private ReplicaId awaitLeader() {
    // Looked for once: who leads in one moment may have left office in the next.
    List<ReplicaId> found = new ArrayList<>();
    Patience.await(
        "one leads",
        DEADLINE,
        () -> {
          cluster.replicas().stream().filter(this::leads).findFirst().ifPresent(found::add);
          return !found.isEmpty();
        });
    return found.getFirst();
  }

  private List<ReplicaId> others(ReplicaId one) {
    return cluster.replicas().stream().filter(replica -> !replica.equals(one)).toList();
  }

  private CompletableFuture<Proposal<Integer>> propose(ReplicaId replica, String command) {
    CompletableFuture<Proposal<Integer>> end = new CompletableFuture<>();
    cluster
        .log(replica)
        .propose(
            ListStateMachine.command(command),
            cluster.machine(replica).leadingTerm(),
            end::complete);
    return end;
  }

  /** By whoever leads: one of two may leave office when a machine is too busy to hear the other. */
  private void applied(String command) {
    Patience.await(
        "it is applied",
        DEADLINE,
        () -> propose(awaitLeader(), command).join() instanceof Proposal.Applied);
  }

  private static Proposal<Integer> end(CompletableFuture<Proposal<Integer>> end) throws Exception {
    return end.get(DEADLINE.toSeconds(), TimeUnit.SECONDS);
  }
}
