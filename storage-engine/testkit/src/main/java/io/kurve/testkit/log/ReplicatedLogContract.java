package io.kurve.testkit.log;

import static org.assertj.core.api.Assertions.assertThat;

import io.kurve.core.id.ReplicaId;
import io.kurve.core.log.LogPosition;
import io.kurve.core.log.Membership;
import io.kurve.core.log.Proposal;
import io.kurve.core.log.ReadPermission;
import io.kurve.core.log.ReplicaStatus;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What every replicated log keeps to; a cluster of three. */
public abstract class ReplicatedLogContract {
  protected static final Duration DEADLINE = Duration.ofSeconds(20);

  private ReplicatedLogCluster cluster;

  protected abstract ReplicatedLogCluster newCluster();

  protected final ReplicatedLogCluster cluster() {
    return cluster;
  }

  @BeforeEach
  void startAll() {
    cluster = newCluster();
    cluster.replicas().forEach(cluster::start);
  }

  @AfterEach
  void closeAndLookForBreaches() {
    List<String> breaches = new ArrayList<>();
    for (ReplicaId replica : everyone()) {
      if (cluster.isRunning(replica)) {
        cluster
            .machine(replica)
            .breaches()
            .forEach(breach -> breaches.add(replica + ": " + breach));
      }
    }
    cluster.close();
    assertThat(breaches).isEmpty();
  }

  @Test
  void commandsAreAppliedInOneOrderOnAllReplicas() throws Exception {
    ReplicaId leader = awaitLeader();
    List<CompletableFuture<Proposal<Integer>>> ends = new ArrayList<>();
    for (int i = 0; i < 200; i++) {
      ends.add(propose(leader, "c" + i));
    }
    long lastIndex = 0;
    for (int i = 0; i < ends.size(); i++) {
      Proposal<Integer> end = end(ends.get(i));
      assertThat(end).isInstanceOf(Proposal.Applied.class);
      Proposal.Applied<Integer> applied = (Proposal.Applied<Integer>) end;
      assertThat(applied.reply()).isEqualTo(i + 1);
      assertThat(applied.at().index()).isGreaterThan(lastIndex);
      lastIndex = applied.at().index();
    }
    awaitEqual(cluster.replicas());
    assertThat(cluster.machine(leader).commands()).hasSize(200);
  }

  @Test
  void allReplicasLearnOfEntriesWithoutCommands() {
    ReplicaId leader = awaitLeader();
    LogPosition stands = cluster.machine(leader).position();
    assertThat(stands.term()).isEqualTo(cluster.machine(leader).leadingTerm());
    for (ReplicaId replica : cluster.replicas()) {
      await(
          replica + " stands at " + stands,
          DEADLINE,
          () -> cluster.machine(replica).position().equals(stands));
    }
  }

  @Test
  void aFollowerRejectsAndNamesTheLeader() throws Exception {
    ReplicaId leader = awaitLeader();
    long term = cluster.machine(leader).leadingTerm();
    ReplicaId follower = others(leader).getFirst();
    await(
        "the follower knows its leader",
        DEADLINE,
        () -> cluster.log(follower).status().leader().equals(Optional.of(leader)));
    Proposal<Integer> end = end(propose(follower, "x", term));
    assertThat(end).isInstanceOf(Proposal.Rejected.class);
    Proposal.Rejected<Integer> rejected = (Proposal.Rejected<Integer>) end;
    assertThat(rejected.leader()).contains(leader);
    assertThat(rejected.reason()).isEqualTo(Proposal.Reason.NOT_LEADER);
  }

  @Test
  void aCommandForAnotherTermIsRejected() throws Exception {
    ReplicaId leader = awaitLeader();
    long term = cluster.machine(leader).leadingTerm();
    assertThat(end(propose(leader, "x", term - 1))).isInstanceOf(Proposal.Rejected.class);
    assertThat(end(propose(leader, "y", term + 1))).isInstanceOf(Proposal.Rejected.class);
    assertThat(end(propose(leader, "z", term))).isInstanceOf(Proposal.Applied.class);
    assertThat(cluster.machine(leader).commands()).containsExactly("z");
  }

  @Test
  void whatALeaderAppendedBeforeItLostItsPlaceEndsUnknown() throws Exception {
    ReplicaId leader = awaitLeader();
    others(leader).forEach(other -> cluster.cut(leader, other));
    CompletableFuture<Proposal<Integer>> end = propose(leader, "lost");
    assertThat(end(end)).isInstanceOf(Proposal.Unknown.class);
    others(leader).forEach(other -> cluster.join(leader, other));
    ReplicaId next = awaitLeader();
    assertThat(end(propose(next, "kept"))).isInstanceOf(Proposal.Applied.class);
    awaitEqual(cluster.replicas());
    assertThat(cluster.machine(next).commands()).contains("kept");
  }

  @Test
  void anotherLeadsAfterTheLeadersDeathAndNothingIsLost() throws Exception {
    ReplicaId leader = awaitLeader();
    for (int i = 0; i < 20; i++) {
      assertThat(end(propose(leader, "a" + i))).isInstanceOf(Proposal.Applied.class);
    }
    cluster.kill(leader);
    ReplicaId next = awaitLeader();
    assertThat(next).isNotEqualTo(leader);
    assertThat(cluster.machine(next).commands()).hasSize(20);
    assertThat(end(propose(next, "b"))).isInstanceOf(Proposal.Applied.class);
    cluster.start(leader);
    awaitEqual(cluster.replicas());
    assertThat(cluster.machine(leader).commands()).hasSize(21);
  }

  @Test
  void aRestartReplaysFromTheCheckpoint() throws Exception {
    ReplicaId leader = awaitLeader();
    write(leader, "before", 30);
    awaitEqual(cluster.replicas());
    for (ReplicaId replica : cluster.replicas()) {
      LogPosition at = checkpoint(replica);
      assertThat(cluster.storage(replica).checkpoint().at()).isEqualTo(at);
    }
    write(leader, "after", 30);
    awaitEqual(cluster.replicas());
    List<String> expected = cluster.machine(leader).commands();
    cluster.replicas().forEach(cluster::kill);
    cluster.replicas().forEach(cluster::start);
    ReplicaId next = awaitLeader();
    assertThat(cluster.machine(next).commands()).isEqualTo(expected);
    awaitEqual(cluster.replicas());
  }

  @Test
  void checkpointsDropTheLogBeforeThem() throws Exception {
    ReplicaId leader = awaitLeader();
    write(leader, "one", 20);
    LogPosition first = checkpoint(leader);
    write(leader, "two", 20);
    LogPosition second = checkpoint(leader);
    assertThat(second.index()).isGreaterThan(first.index());
    await(
        "the log begins after the checkpoint before the newest",
        DEADLINE,
        () -> cluster.log(leader).status().indexes().first() == first.index() + 1);
    assertThat(checkpoint(leader)).isEqualTo(second);
    await(
        "with nothing new since, all of the log is dropped",
        DEADLINE,
        () -> cluster.log(leader).status().indexes().first() == second.index() + 1);
    write(leader, "three", 5);
    awaitEqual(cluster.replicas());
  }

  @Test
  void aReturningFollowerCatchesUpByLog() throws Exception {
    ReplicaId leader = awaitLeader();
    ReplicaId follower = others(leader).getFirst();
    write(leader, "one", 5);
    cluster.kill(follower);
    write(leader, "two", 100);
    cluster.start(follower);
    awaitEqual(cluster.replicas());
    assertThat(cluster.storage(follower).installs()).isZero();
  }

  @Test
  void aFollowerBehindTheLogInstallsTheLeadersCheckpoint() throws Exception {
    ReplicaId leader = awaitLeader();
    ReplicaId follower = others(leader).getFirst();
    write(leader, "one", 5);
    awaitEqual(cluster.replicas());
    cluster.kill(follower);
    write(leader, "two", 50);
    dropLog(leader);
    write(leader, "three", 5);
    cluster.start(follower);
    awaitEqual(cluster.replicas());
    assertThat(cluster.storage(follower).installs()).isEqualTo(1);
    write(leader, "four", 5);
    awaitEqual(cluster.replicas());
  }

  @Test
  void rule12AFailedInstallIsRepeatedAndTheReplicaDoesNotVoteUntilOneSucceeds() throws Exception {
    ReplicaId leader = awaitLeader();
    ReplicaId follower = others(leader).getFirst();
    ReplicaId third = others(leader).getLast();
    write(leader, "one", 5);
    cluster.kill(follower);
    write(leader, "two", 20);
    dropLog(leader);
    cluster.storage(follower).failsInstalls(true);
    cluster.start(follower);
    await(
        "the install is tried more than once",
        DEADLINE,
        () -> cluster.storage(follower).installs() > 1);
    cluster.kill(third);
    assertNeverCommitted(propose(leader, "unacknowledged"));
    cluster.kill(leader);
    cluster.start(third);
    assertThat(leaderWithin(cluster.electionTimeout().multipliedBy(5))).isEmpty();
    cluster.start(leader);
    cluster.storage(follower).failsInstalls(false);
    awaitLeader();
    awaitEqual(cluster.replicas());
  }

  @Test
  void aLeaderReadsUnderItsLeaseAndNotWhenItIsCutOff() throws Exception {
    ReplicaId leader = awaitLeader();
    awaitReads(leader);
    for (ReplicaId other : others(leader)) {
      assertThat(cluster.log(other).readPermission()).isInstanceOf(ReadPermission.Refused.class);
      cluster.cut(leader, other);
    }
    await(
        "the lease ends within half an election timeout",
        cluster.electionTimeout().dividedBy(2).plusMillis(100),
        () -> cluster.log(leader).readPermission() instanceof ReadPermission.Refused);
  }

  @Test
  void rule14NoVoteWithinAnElectionTimeoutOfARestart() throws Exception {
    ReplicaId a = awaitLeader();
    ReplicaId b = others(a).getFirst();
    ReplicaId c = others(a).getLast();
    write(a, "old", 3);
    awaitReads(a);
    cluster.cut(a, c);
    cluster.cut(b, c);
    await(
        "the one that is cut off gives its leader up",
        DEADLINE,
        () -> cluster.log(c).status().leader().isEmpty());
    awaitReads(a);
    cluster.kill(b);
    cluster.start(b);
    cluster.cut(a, b);
    cluster.join(b, c);
    await(
        "another leads",
        DEADLINE,
        () -> {
          boolean led =
              cluster.machine(b).leadingTerm() > 0 || cluster.machine(c).leadingTerm() > 0;
          boolean reads = cluster.log(a).readPermission() instanceof ReadPermission.Granted;
          assertThat(led && reads).as("A reads while another leads").isFalse();
          return led;
        });
    assertThat(cluster.log(a).readPermission()).isInstanceOf(ReadPermission.Refused.class);
  }

  @Test
  void leadershipIsHandedOverWithinASecond() throws Exception {
    ReplicaId leader = awaitLeader();
    write(leader, "one", 5);
    ReplicaId target = others(leader).getLast();
    long start = cluster.nanoTime();
    var unused = ended(cluster.log(leader).transferLeadership(target));
    await("the target leads", DEADLINE, () -> cluster.machine(target).leadingTerm() > 0);
    assertThat(Duration.ofNanos(cluster.nanoTime() - start)).isLessThan(Duration.ofSeconds(1));
    assertThat(cluster.log(leader).readPermission()).isInstanceOf(ReadPermission.Refused.class);
    awaitReads(target);
    write(target, "two", 5);
    awaitEqual(cluster.replicas());
  }

  @Test
  void rule14ATransferThatFailsLeavesNoLeaseAndTheGroupRecovers() throws Exception {
    ReplicaId leader = awaitLeader();
    ReplicaId target = others(leader).getLast();
    write(leader, "one", 5);
    // Only a target that has all is told to stand; before that the leader just goes on.
    awaitEqual(cluster.replicas());
    long term = cluster.machine(leader).leadingTerm();
    cluster.storage(target).mayVote(false);
    CompletableFuture<Void> transfer =
        cluster.log(leader).transferLeadership(target).toCompletableFuture();
    assertThat(cluster.becomesTrue(DEADLINE, transfer::isDone)).isTrue();
    assertThat(transfer).isCompletedExceptionally();
    cluster.storage(target).mayVote(true);
    await(
        "a later term has a leader that reads",
        DEADLINE,
        () ->
            cluster.replicas().stream()
                .anyMatch(replica ->
                    cluster.machine(replica).leadingTerm() > term
                        && cluster.log(replica).readPermission()
                            instanceof ReadPermission.Granted));
    writeThroughElections("two");
    awaitEqual(cluster.replicas());
  }

  @Test
  void rule11AReplicaThatMayNotVoteNeitherVotesNorAcknowledges() throws Exception {
    ReplicaId leader = awaitLeader();
    ReplicaId emptied = others(leader).getFirst();
    ReplicaId third = others(leader).getLast();
    cluster.kill(emptied);
    write(leader, "one", 5);
    cluster.kill(third);
    cluster.storage(emptied).mayVote(false);
    cluster.start(emptied);
    assertNeverCommitted(propose(leader, "two"));
    cluster.kill(leader);
    cluster.start(third);
    assertThat(leaderWithin(cluster.electionTimeout().multipliedBy(5))).isEmpty();
    cluster.storage(emptied).mayVote(true);
    awaitLeader();
  }

  @Test
  void rule15ALearnerThatHasCaughtUpTakesTheDeadMembersPlace() throws Exception {
    ReplicaId leader = awaitLeader();
    ReplicaId dead = others(leader).getFirst();
    ReplicaId third = others(leader).getLast();
    ReplicaId spare = cluster.spare();
    write(leader, "one", 20);
    cluster.kill(dead);
    cluster.start(spare);
    change(new Membership(cluster.replicas(), List.of(spare)));
    write(awaitLeader(), "two", 20);
    Membership after = Membership.ofVoters(List.of(leader, third, spare));
    change(after);
    change(after);
    ReplicaId now = awaitLeader();
    assertThat(cluster.log(now).status().membership()).isEqualTo(after);
    cluster.kill(now.equals(third) ? leader : third);
    ReplicaId next = awaitLeader();
    write(next, "three", 20);
    awaitEqual(List.of(next, next.equals(spare) ? survivor(leader, third) : spare));
    assertThat(cluster.machine(next).commands()).hasSize(60);
  }

  private ReplicaId survivor(ReplicaId one, ReplicaId other) {
    return cluster.isRunning(one) ? one : other;
  }

  @Test
  void aLearnerBehindTheLogInstallsTheLeadersCheckpoint() throws Exception {
    ReplicaId leader = awaitLeader();
    ReplicaId gone = others(leader).getFirst();
    ReplicaId spare = cluster.spare();
    write(leader, "one", 50);
    dropLog(leader);
    cluster.start(spare);
    change(new Membership(cluster.replicas(), List.of(spare)));
    write(awaitLeader(), "two", 5);
    List<ReplicaId> members = List.of(spare, awaitLeader(), others(awaitLeader()).getLast());
    if (!members.contains(gone)) {
      change(Membership.ofVoters(members));
    }
    awaitEqual(members);
    assertThat(cluster.storage(spare).installs()).isEqualTo(1);
    cluster.kill(spare);
    write(awaitLeader(), "three", 5);
    cluster.start(spare);
    awaitEqual(members);
  }

  @Test
  void rule15WhoHasNotCaughtUpGetsNoVote() throws Exception {
    ReplicaId leader = awaitLeader();
    List<ReplicaId> members = List.of(leader, others(leader).getLast(), cluster.spare());
    write(leader, "one", 5);
    CompletableFuture<Void> never =
        cluster.log(leader).changeMembership(Membership.ofVoters(members)).toCompletableFuture();
    await("the change is refused", DEADLINE, never::isDone);
    assertThat(never).isCompletedExceptionally();
    change(new Membership(cluster.replicas(), List.of(cluster.spare())));
    CompletableFuture<Void> early =
        cluster
            .log(awaitLeader())
            .changeMembership(Membership.ofVoters(members))
            .toCompletableFuture();
    await("the change is refused", DEADLINE, early::isDone);
    assertThat(early).isCompletedExceptionally();
    assertThat(cluster.log(awaitLeader()).status().membership().voters())
        .isEqualTo(cluster.replicas());
    write(awaitLeader(), "two", 5);
  }

  @Test
  void rule11ALearnerCountsForNothing() throws Exception {
    ReplicaId leader = awaitLeader();
    ReplicaId spare = cluster.spare();
    write(leader, "one", 5);
    cluster.start(spare);
    change(new Membership(cluster.replicas(), List.of(spare)));
    ReplicaId now = awaitLeader();
    write(now, "two", 5);
    await(
        "the learner has all",
        DEADLINE,
        () -> cluster.machine(spare).position().equals(cluster.machine(now).position()));
    others(now).forEach(cluster::kill);
    assertNeverCommitted(propose(now, "unacknowledged"));
    cluster.kill(now);
    cluster.start(others(now).getFirst());
    assertThat(leaderWithin(cluster.electionTimeout().multipliedBy(5))).isEmpty();
    cluster.start(now);
    awaitLeader();
  }

  @Test
  void rule15AChangeCutOffByTheLeadersDeathIsRepeatedByTheNext() throws Exception {
    ReplicaId leader = awaitLeader();
    ReplicaId leaves = others(leader).getFirst();
    ReplicaId third = others(leader).getLast();
    ReplicaId spare = cluster.spare();
    write(leader, "one", 5);
    cluster.start(spare);
    change(new Membership(cluster.replicas(), List.of(spare)));
    ReplicaId now = awaitLeader();
    write(now, "two", 5);
    Membership after = Membership.ofVoters(List.of(leader, third, spare));
    var unused = cluster.log(now).changeMembership(after);
    cluster.kill(now);
    write(awaitLeader(), "three", 5);
    if (!now.equals(leaves)) {
      cluster.start(now);
    }
    change(after);
    awaitEqual(List.of(leader, third, spare));
    cluster.kill(leader);
    write(awaitLeader(), "four", 5);
  }

  /** As the MDS does it: asks whoever leads, until it is done. */
  private void change(Membership wanted) {
    AtomicReference<CompletableFuture<Void>> asked = new AtomicReference<>();
    await(
        "the membership is " + wanted,
        DEADLINE,
        () -> {
          CompletableFuture<Void> last = asked.get();
          if (last != null && !last.isDone()) {
            return false;
          }
          if (last != null && !last.isCompletedExceptionally()) {
            return true;
          }
          everyone().stream()
              .filter(cluster::isRunning)
              .filter(replica -> cluster.machine(replica).leadingTerm() > 0)
              .findFirst()
              .ifPresent(replica -> ask(replica, wanted, asked));
          return false;
        });
  }

  private void ask(
      ReplicaId leader, Membership wanted, AtomicReference<CompletableFuture<Void>> asked) {
    if (wanted.voters().contains(leader)) {
      Membership first = learnersFirst(cluster.log(leader).status().membership(), wanted);
      CompletableFuture<Void> end =
          cluster.log(leader).changeMembership(first).toCompletableFuture();
      asked.set(first.equals(wanted) ? end : end.thenCompose(done -> notYet(first)));
      return;
    }
    wanted.voters().stream()
        .filter(other -> !other.equals(leader) && !other.equals(cluster.spare()))
        .filter(cluster::isRunning)
        .findFirst()
        .ifPresent(other -> {
          var unused = cluster.log(leader).transferLeadership(other);
        });
  }

  /** A change that was cut off may have cost a learner its place: it gets it again first. */
  private static Membership learnersFirst(Membership now, Membership wanted) {
    List<ReplicaId> learners = new ArrayList<>(wanted.voters());
    learners.removeAll(now.voters());
    return now.learners().containsAll(learners) ? wanted : new Membership(now.voters(), learners);
  }

  private static CompletableFuture<Void> notYet(Membership before) {
    return CompletableFuture.failedFuture(new IllegalStateException("only " + before + " holds"));
  }

  private List<ReplicaId> everyone() {
    List<ReplicaId> all = new ArrayList<>(cluster.replicas());
    all.add(cluster.spare());
    return all;
  }

  protected final ReplicaId awaitLeader() {
    return leaderWithin(DEADLINE)
        .orElseThrow(() -> new AssertionError("no leader within " + DEADLINE));
  }

  /** The replica that leads in the highest term and is followed by a majority. */
  private Optional<ReplicaId> leaderWithin(Duration deadline) {
    List<ReplicaId> found = new ArrayList<>();
    cluster.becomesTrue(
        deadline,
        () -> {
          for (ReplicaId replica : everyone()) {
            if (cluster.isRunning(replica)
                && cluster.log(replica).readPermission() instanceof ReadPermission.Granted) {
              found.add(replica);
              return true;
            }
          }
          return false;
        });
    return found.stream().findFirst();
  }

  protected final List<ReplicaId> others(ReplicaId one) {
    return cluster.replicas().stream().filter(replica -> !replica.equals(one)).toList();
  }

  protected final CompletableFuture<Proposal<Integer>> propose(ReplicaId replica, String command) {
    return propose(replica, command, cluster.machine(replica).leadingTerm());
  }

  private void assertNeverCommitted(CompletableFuture<Proposal<Integer>> end) throws Exception {
    if (cluster.becomesTrue(cluster.electionTimeout().multipliedBy(3), end::isDone)) {
      assertThat(end(end)).isNotInstanceOf(Proposal.Applied.class);
    }
  }

  private CompletableFuture<Proposal<Integer>> propose(
      ReplicaId replica, String command, long term) {
    CompletableFuture<Proposal<Integer>> end = new CompletableFuture<>();
    cluster.log(replica).propose(ListStateMachine.command(command), term, end::complete);
    return end;
  }

  protected final Proposal<Integer> end(CompletableFuture<Proposal<Integer>> end)
      throws InterruptedException, ExecutionException, TimeoutException {
    return ended(end);
  }

  private <T> T ended(CompletionStage<T> stage)
      throws InterruptedException, ExecutionException, TimeoutException {
    CompletableFuture<T> future = stage.toCompletableFuture();
    await("an answer", DEADLINE, future::isDone);
    return future.get(0, TimeUnit.SECONDS);
  }

  private void await(String what, Duration deadline, BooleanSupplier condition) {
    if (!cluster.becomesTrue(deadline, condition)) {
      throw new AssertionError("within " + deadline + ": " + what);
    }
  }

  protected final void write(ReplicaId leader, String prefix, int count) throws Exception {
    List<CompletableFuture<Proposal<Integer>>> ends = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      ends.add(propose(leader, prefix + i));
    }
    for (CompletableFuture<Proposal<Integer>> each : ends) {
      assertThat(end(each)).isInstanceOf(Proposal.Applied.class);
    }
  }

  /** By whoever leads: where two stood at once, the first may have to leave for the other. */
  private void writeThroughElections(String command) throws Exception {
    Proposal<Integer> end = end(propose(awaitLeader(), command));
    for (int tries = 1; tries < 10 && !(end instanceof Proposal.Applied); tries++) {
      end = end(propose(awaitLeader(), command));
    }
    assertThat(end).isInstanceOf(Proposal.Applied.class);
  }

  protected final LogPosition checkpoint(ReplicaId replica) throws Exception {
    return ended(cluster.log(replica).checkpoint());
  }

  /** So that only an install helps who lags. */
  private void dropLog(ReplicaId leader) throws Exception {
    LogPosition at = checkpoint(leader);
    checkpoint(leader);
    await(
        "the log is dropped",
        DEADLINE,
        () -> cluster.log(leader).status().indexes().first() == at.index() + 1);
  }

  private void awaitReads(ReplicaId leader) {
    await(
        leader + " reads",
        DEADLINE,
        () -> cluster.log(leader).readPermission() instanceof ReadPermission.Granted);
  }

  protected final void awaitEqual(List<ReplicaId> replicas) {
    boolean equal =
        cluster.becomesTrue(
            DEADLINE,
            () -> {
              Set<LogPosition> places = new LinkedHashSet<>();
              replicas.forEach(replica -> places.add(cluster.machine(replica).position()));
              return places.size() == 1 && allWhole(replicas);
            });
    assertThat(equal).as(() -> "replicas stand at one place: " + places(replicas)).isTrue();
    Set<List<String>> states = new LinkedHashSet<>();
    replicas.forEach(replica -> states.add(cluster.machine(replica).commands()));
    assertThat(states).hasSize(1);
  }

  private String places(List<ReplicaId> replicas) {
    return replicas.stream()
        .map(
            replica -> cluster.machine(replica).position() + " of " + cluster.log(replica).status())
        .collect(Collectors.joining("\n"));
  }

  private boolean allWhole(List<ReplicaId> replicas) {
    return replicas.stream()
        .map(replica -> cluster.log(replica).status())
        .allMatch(status ->
            status.role() != ReplicaStatus.Role.INSTALLING
                && status.role() != ReplicaStatus.Role.FAILED);
  }
}
