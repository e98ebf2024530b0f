package io.kurve.testkit.log;

import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.log.LogPosition;
import io.kurve.core.log.Membership;
import io.kurve.core.log.Proposal;
import io.kurve.core.log.ProposalListener;
import io.kurve.core.log.ReadPermission;
import io.kurve.core.log.ReplicaStatus;
import io.kurve.core.log.ReplicatedLog;
import io.kurve.core.log.ReplicatedStateMachine;
import io.kurve.core.log.ReplicatedStateMachine.CheckpointImage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * One replica's log without others, whose proposals wait until the test ends each of them: applied,
 * rejected, or unknown and applied later or never. For one thread, but for checkpoints.
 */
public final class FakeReplicatedLog<R> implements ReplicatedLog<R> {
  private record Applied(LogPosition at, ByteBuffer bytes) {}

  private record Waiting<R>(ByteBuffer command, long term, ProposalListener<R> listener) {}

  private final CopysetKey copyset;
  private final ReplicatedStateMachine<R> machine;
  private final Deque<Waiting<R>> waiting = new ArrayDeque<>();
  private final Deque<Waiting<R>> inDoubt = new ArrayDeque<>();
  private final List<Applied> applied = new ArrayList<>();
  private final AtomicBoolean checkpointing = new AtomicBoolean();
  private Optional<ReplicaId> leader = Optional.empty();
  private Membership membership;
  private boolean leading;
  private boolean leaseHolds;
  private long term;
  private long index;
  private long held;
  private long heard;

  /** Starts behind what the machine has restored. */
  public FakeReplicatedLog(
      CopysetKey copyset, Membership membership, ReplicatedStateMachine<R> machine) {
    this.copyset = copyset;
    this.membership = membership;
    this.machine = machine;
    this.index = machine.restored().at().index();
    this.term = machine.restored().at().term();
  }

  /**
   * This replica leads, in a term of its own; what is still in doubt did not get into the log of
   * the majority and never will.
   */
  public void lead() {
    inDoubt.clear();
    term++;
    leading = true;
    leaseHolds = true;
    leader = Optional.empty();
    index++;
    machine.advance(new LogPosition(term, index), membership);
    machine.leading(term);
  }

  /** Another one leads: whatever waits has an unknown outcome and is in doubt from now on. */
  public void follow(Optional<ReplicaId> newLeader) {
    leading = false;
    leaseHolds = false;
    leader = newLeader;
    machine.notLeading();
    while (!waiting.isEmpty()) {
      endUnknown();
    }
  }

  /** Still leads for all it knows, but may not answer reads. */
  public void loseLease() {
    leaseHolds = false;
  }

  /** Commits and applies the oldest proposal. */
  public void applyNext() {
    Waiting<R> next = waiting.removeFirst();
    next.listener.ended(apply(next));
  }

  /** Applies whatever waits, also what is proposed meanwhile. */
  public void applyAll() {
    while (!waiting.isEmpty()) {
      applyNext();
    }
  }

  /** The oldest proposal never enters the log. */
  public void rejectNext(Proposal.Reason reason) {
    waiting
        .removeFirst()
        .listener
        .ended(new Proposal.Rejected<>(leader, reason, "as the test says"));
  }

  /** The oldest proposal ends without an answer; see {@link #applyInDoubt}. */
  public void endUnknown() {
    Waiting<R> next = waiting.removeFirst();
    inDoubt.add(next);
    next.listener.ended(new Proposal.Unknown<>("as the test says"));
  }

  /** What ended unknown was committed after all. */
  public void applyInDoubt() {
    while (!inDoubt.isEmpty()) {
      var unused = apply(inDoubt.removeFirst());
    }
  }

  /** Applies here, as a follower, what the leader has applied and this replica has not. */
  public void replicate(FakeReplicatedLog<R> from) {
    for (Applied entry : from.applied) {
      if (entry.at.index() > index) {
        index = entry.at.index();
        term = entry.at.term();
        applied.add(entry);
        var unused = machine.apply(entry.at, entry.bytes.duplicate());
      }
    }
  }

  /** The own log held entries up to here when it was opened. */
  void holds(long lastIndex) {
    held = lastIndex;
  }

  /** The leader told that entries up to here are committed. */
  public void hears(long committedIndex) {
    heard = committedIndex;
  }

  public int waiting() {
    return waiting.size();
  }

  private Proposal<R> apply(Waiting<R> proposal) {
    index++;
    LogPosition at = new LogPosition(proposal.term, index);
    ByteBuffer bytes = ByteBuffer.allocate(proposal.command.remaining());
    bytes.put(proposal.command.duplicate()).flip();
    applied.add(new Applied(at, bytes.asReadOnlyBuffer()));
    return new Proposal.Applied<>(at, machine.apply(at, bytes.asReadOnlyBuffer()));
  }

  @Override
  public CopysetKey copyset() {
    return copyset;
  }

  @Override
  public void propose(ByteBuffer command, long expectedTerm, ProposalListener<R> listener) {
    if (!leading || expectedTerm != term) {
      listener.ended(new Proposal.Rejected<>(leader, "term " + expectedTerm + " is over"));
      return;
    }
    waiting.add(new Waiting<>(command, expectedTerm, listener));
  }

  @Override
  public ReadPermission readPermission() {
    return leading && leaseHolds
        ? new ReadPermission.Granted(term)
        : new ReadPermission.Refused(leader, "no lease");
  }

  @Override
  public ReplicaStatus status() {
    return new ReplicaStatus(
        leading ? ReplicaStatus.Role.LEADER : ReplicaStatus.Role.FOLLOWER,
        term,
        leader,
        membership,
        new ReplicaStatus.Indexes(1, Math.max(held, index), Math.max(heard, index), index),
        Map.of());
  }

  @Override
  public CompletionStage<LogPosition> checkpoint() {
    if (!checkpointing.compareAndSet(false, true)) {
      return CompletableFuture.failedStage(new IOException("a checkpoint is under way"));
    }
    CheckpointImage image = machine.capture(membership);
    try {
      image.persist();
    } catch (IOException e) {
      return CompletableFuture.failedStage(e);
    } finally {
      checkpointing.set(false);
    }
    return CompletableFuture.completedStage(image.checkpoint().at());
  }

  @Override
  public CompletionStage<Void> transferLeadership(ReplicaId target) {
    follow(Optional.of(target));
    return CompletableFuture.completedStage(null);
  }

  @Override
  public CompletionStage<Void> changeMembership(Membership wanted) {
    if (!leading) {
      return CompletableFuture.failedStage(
          new KurveException(ErrorCode.NOT_LEADER, "it does not lead", "ask the leader"));
    }
    membership = wanted;
    index++;
    machine.advance(new LogPosition(term, index), membership);
    return CompletableFuture.completedStage(null);
  }

  @Override
  public void close() {
    follow(Optional.empty());
  }
}
