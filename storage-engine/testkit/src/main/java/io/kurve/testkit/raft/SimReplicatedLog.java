package io.kurve.testkit.raft;

import io.kurve.core.id.CopysetKey;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.log.LogPosition;
import io.kurve.core.log.Membership;
import io.kurve.core.log.Proposal;
import io.kurve.core.log.ProposalListener;
import io.kurve.core.log.ReadPermission;
import io.kurve.core.log.ReplicaStatus;
import io.kurve.core.log.ReplicaStatus.Role;
import io.kurve.core.log.ReplicatedLog;
import io.kurve.core.log.ReplicatedStateMachine;
import io.kurve.core.time.EventLoop;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * One replica of a simulated log.
 *
 * <pre>
 *   propose ──> {@link Replication} ──> committed ──> applied  (late, in steps)
 *
 *   {@link Elections}    who leads. An old leader goes on to believe that it does until somebody
 *                tells it, or a majority has been silent for long; it can commit nothing, and its
 *                lease ends before another leads
 *   {@link Checkpoints}  the log before them is dropped; a follower that lacks what the leader has
 *                dropped takes one over, in a fiber
 *   {@link MembershipChanges}  members come and go, by joint changes
 * </pre>
 */
public final class SimReplicatedLog<R> implements ReplicatedLog<R> {
  private static final int MAX_PENDING = 256;

  private final Site site;
  private final EventLoop loop;
  private final ReplicatedStateMachine<R> machine;
  private final Standing standing;
  private final Elections elections;
  private final Replication replication;
  private final Checkpoints checkpoints;
  private final MembershipChanges changes;
  private final TreeMap<Long, ProposalListener<R>> pending = new TreeMap<>();
  private long firstOfTerm;
  private boolean announced;
  private boolean applyScheduled;

  SimReplicatedLog(Site site, KeptLog kept, ReplicatedStateMachine<R> machine) {
    this.site = site;
    this.loop = site.loop();
    this.machine = machine;
    this.standing = new Standing(kept, loop);
    this.elections = new Elections(site, standing, this);
    this.replication = new Replication(site, standing, this);
    this.checkpoints = new Checkpoints(site, standing, machine, replication, this);
    this.changes = new MembershipChanges(site, standing, this);
    LogPosition restored = machine.restored().at();
    LogTail log = standing.log();
    if (restored.index() < log.base().index()) {
      throw new AssertionError(
          "%s of %s restores %s and its log begins after %s: a checkpoint was lost"
              .formatted(site.self().chunkserver(), site.copyset(), restored, log.base()));
    }
    if (!log.has(restored)) {
      log.resetTo(restored, machine.restored().membership());
    }
    standing.committed(restored.index());
    standing.applied(restored.index());
  }

  void start() {
    elections.watch();
  }

  /** The process is dead. */
  void die() {
    standing.close();
    standing.log().tear(site.random());
    pending.clear();
  }

  Site site() {
    return site;
  }

  Standing standing() {
    return standing;
  }

  Elections elections() {
    return elections;
  }

  Replication replication() {
    return replication;
  }

  Checkpoints checkpoints() {
    return checkpoints;
  }

  MembershipChanges changes() {
    return changes;
  }

  boolean mayVote() {
    return machine.mayVote();
  }

  // ---- leadership

  void startLeading() {
    standing.role(Role.LEADER);
    standing.leader(Optional.of(site.self()));
    announced = false;
    firstOfTerm = standing.log().lastIndex() + 1;
    replication.startLeading();
  }

  void stopLeading() {
    if (!standing.is(Role.LEADER)) {
      return;
    }
    standing.role(Role.FOLLOWER);
    standing.leader(Optional.empty());
    standing.heardNow();
    announced = false;
    replication.stopLeading();
    machine.notLeading();
    changes.leadershipEnded();
    elections.leadershipEnded();
    Map<Long, ProposalListener<R>> open = new TreeMap<>(pending);
    pending.clear();
    open.values()
        .forEach(listener ->
            loop.execute(() -> listener.ended(new Proposal.Unknown<>("it leads no more"))));
  }

  void newTerm(long term) {
    standing.term(term);
    stopLeading();
  }

  /** Of the leader of a term. */
  void hear(long term, ReplicaId from) {
    if (term > standing.term()) {
      newTerm(term);
    }
    if (standing.is(Role.LEADER)) {
      throw new AssertionError(site.copyset() + " has two leaders in term " + term);
    }
    standing.leader(Optional.of(from));
    standing.heardNow();
  }

  // ---- proposals

  @Override
  public void propose(ByteBuffer command, long expectedTerm, ProposalListener<R> listener) {
    if (standing.isClosed() || !standing.is(Role.LEADER) || standing.term() != expectedTerm) {
      Optional<ReplicaId> leader = standing.leader();
      loop.execute(
          () -> listener.ended(new Proposal.Rejected<>(leader, "it does not lead in that term")));
      return;
    }
    if (pending.size() >= MAX_PENDING || happens(site.raft().nastiness().overload())) {
      loop.execute(() ->
          listener.ended(
              new Proposal.Rejected<>(
                  Optional.of(site.self()), Proposal.Reason.OVERLOAD, "too much is under way")));
      return;
    }
    byte[] bytes = new byte[command.remaining()];
    command.duplicate().get(bytes);
    replication.append(LogEntry.of(standing.term(), bytes));
    long index = standing.log().lastIndex();
    pending.put(index, listener);
    if (happens(site.raft().nastiness().unknown())) {
      site.soon(3_000_000, () -> forget(index));
    }
  }

  private boolean happens(int oneIn) {
    return site.raft().happens(oneIn);
  }

  private void forget(long index) {
    ProposalListener<R> listener = pending.remove(index);
    if (listener != null) {
      listener.ended(new Proposal.Unknown<>("as the world will have it"));
      // Raft forgets proposals with its leadership only: some time later it does.
      long inTerm = standing.term();
      site.soon(
          2_000_000_000,
          () -> {
            if (standing.term() == inTerm) {
              stopLeading();
            }
          });
    }
  }

  // ---- applying

  void applyLater() {
    if (applyScheduled || standing.isClosed() || standing.appliedIndex() >= standing.safeIndex()) {
      return;
    }
    applyScheduled = true;
    long micros = site.random().nextLong(100);
    if (happens(site.raft().nastiness().slowApply())) {
      micros += site.random().nextLong(500_000);
    }
    site.later(
        Duration.ofNanos(micros * 1000),
        () -> {
          applyScheduled = false;
          applyNow();
        });
  }

  private void applyNow() {
    int budget = 1 + site.random().nextInt(8);
    while (!standing.isClosed()
        && !standing.is(Role.INSTALLING)
        && machine.mayVote()
        && budget-- > 0
        && standing.appliedIndex() < standing.safeIndex()) {
      apply(standing.appliedIndex() + 1);
    }
    applyLater();
  }

  private void apply(long index) {
    LogEntry entry = standing.log().entry(index);
    site.raft().applies(site.copyset(), index, entry);
    LogPosition at = new LogPosition(entry.term(), index);
    byte @Nullable [] command = entry.command();
    standing.applied(index);
    if (command == null) {
      machine.advance(at, standing.log().rosterAt(index).membership());
    } else {
      R reply = machine.apply(at, ByteBuffer.wrap(command).asReadOnlyBuffer());
      ProposalListener<R> listener = pending.remove(index);
      if (listener != null && entry.term() == standing.term()) {
        listener.ended(new Proposal.Applied<>(at, reply));
      }
    }
    if (standing.is(Role.LEADER) && !announced && index >= firstOfTerm) {
      announced = true;
      machine.leading(standing.term());
    }
  }

  // ---- the rest of the port

  @Override
  public ReadPermission readPermission() {
    if (standing.isClosed() || !isLeading() || elections.hasGivenItsLeaseUp()) {
      return new ReadPermission.Refused(
          standing.leader().filter(known -> !known.equals(site.self())), "no leader");
    }
    return replication.quorumIsSilentFor(Elections.TIMEOUT.dividedBy(2))
        ? new ReadPermission.Refused(Optional.empty(), "the lease has run out")
        : new ReadPermission.Granted(standing.term());
  }

  @Override
  public CompletionStage<LogPosition> checkpoint() {
    return checkpoints.take();
  }

  @Override
  public CompletionStage<Void> transferLeadership(ReplicaId target) {
    return elections.transferTo(target);
  }

  @Override
  public CompletionStage<Void> changeMembership(Membership wanted) {
    return changes.change(wanted);
  }

  @Override
  public CopysetKey copyset() {
    return site.copyset();
  }

  public ReplicaId self() {
    return site.self();
  }

  public boolean isLeading() {
    return standing.is(Role.LEADER) && announced;
  }

  @Override
  public ReplicaStatus status() {
    LogTail log = standing.log();
    return new ReplicaStatus(
        standing.role(),
        standing.term(),
        standing.leader(),
        standing.roster().membership(),
        new ReplicaStatus.Indexes(
            log.base().index() + 1,
            log.durableIndex(),
            standing.commitIndex(),
            standing.appliedIndex()),
        replication.lacks());
  }

  @Override
  public void close() {
    stopLeading();
    standing.log().sync();
    standing.close();
  }
}
