package io.kurve.chunkserver.service;

import io.kurve.chunkserver.copyset.Command.BlockChange;
import io.kurve.chunkserver.copyset.Command.Write;
import io.kurve.chunkserver.copyset.CommandCodec;
import io.kurve.chunkserver.copyset.CommandReply;
import io.kurve.chunkserver.copyset.CopysetStateMachine;
import io.kurve.chunkserver.service.ServiceMetrics.Stage;
import io.kurve.core.data.DataReply;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.id.ChunkId;
import io.kurve.core.log.Proposal;
import io.kurve.core.log.ReadPermission;
import io.kurve.core.log.ReplicatedLog;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

/**
 * Changes of one copyset's blocks at its leader: admission, order, proposal, answer.
 *
 * <pre>
 *   arrives ──> leads? verdict? room? ──> line of its chunk ──> compared ──> proposed ──> answered
 *                 │ no                       │ waits (see ChunkLine)  │ differs
 *                 └──> answered              └──> later               └──> Mismatch
 * </pre>
 *
 * <p>Everything is proposed in the term in which it was admitted; the log refuses it in another. So
 * the comparisons of a term stand on changes of that term only (docs/adr/011).
 */
final class LeaderChanges {
  private final CopysetStateMachine machine;
  private final ReplicatedLog<CommandReply> log;
  private final LeaderProof proof;
  private final Doorkeeping shared;

  /** Guards the lines and what is in them. */
  private final ReentrantLock lock = new ReentrantLock();

  private Term current = new Term(0);

  LeaderChanges(
      CopysetStateMachine machine,
      ReplicatedLog<CommandReply> log,
      LeaderProof proof,
      Doorkeeping shared) {
    this.machine = machine;
    this.log = log;
    this.proof = proof;
    this.shared = shared;
  }

  /**
   * @param expected the checksum that the block must have, if any
   * @param answer told exactly once
   */
  void submit(
      BlockChange change, Optional<Integer> expected, Arrival arrival, Consumer<DataReply> answer) {
    OptionalLong term = machine.leadingTerm();
    if (term.isEmpty()) {
      answer.accept(notLeader());
      return;
    }
    PendingChange.Asked asked = new PendingChange.Asked(change, expected, arrival, answer);
    judge(change, answer, () -> admit(asked, term.getAsLong()));
  }

  private void admit(PendingChange.Asked asked, long term) {
    BlockChange change = asked.change();
    boolean creates = change instanceof Write && machine.isAbsent(change.address());
    if (creates && !shared.space().promiseSlot(change.address().chunk())) {
      asked
          .answer()
          .accept(
              Replies.failed(
                  ErrorCode.NO_SPACE,
                  machine.copyset() + " can't take another chunk: the free slots are promised"));
      return;
    }
    enter(new PendingChange(asked, creates), term);
  }

  private DataReply notLeader() {
    return Replies.notLeader(log.status().leader(), "another replica leads");
  }

  /** Ends in one of the two, now or later. */
  private void judge(BlockChange change, Consumer<DataReply> refuse, Runnable goOn) {
    Optional<CommandReply> verdict = machine.verdict(change);
    if (verdict.isEmpty()) {
      if (shared.space().logIsFull()) {
        refuse.accept(
            Replies.failed(ErrorCode.OVERLOAD, "the log is full until the next checkpoint"));
      } else {
        goOn.run();
      }
      return;
    }
    if (verdict.get() instanceof CommandReply.Done) {
      refuse.accept(new DataReply.Done());
      return;
    }
    // A leader that was deposed and does not know it must not tell the new attachment "fenced".
    proof.ask(permission ->
        refuse.accept(
            switch (permission) {
              // Anew, of a state that has what was committed when the question came: the verdict
              // from before may be that of a deposed leader, which knows an older grant.
              case ReadPermission.Granted _ ->
                  machine
                      .verdict(change)
                      .map(Replies::of)
                      .orElseGet(() ->
                          Replies.notLeader(Optional.empty(), "what spoke against it is outdated"));
              case ReadPermission.Refused refused ->
                  Replies.notLeader(refused.leader(), refused.why());
            }));
  }

  private void enter(PendingChange change, long termNumber) {
    Term term;
    ChunkLine.Place place;
    lock.lock();
    try {
      if (termNumber > current.number()) {
        current = new Term(termNumber);
      }
      term = current;
      place =
          termNumber == term.number() ? term.line(change).enter(change) : ChunkLine.Place.BLOCKED;
    } finally {
      lock.unlock();
    }
    switch (place) {
      case GO -> start(change, term);
      case WAIT -> {}
      case BLOCKED -> finish(change, blocked());
    }
  }

  private static DataReply blocked() {
    return Replies.failed(
        ErrorCode.UNAVAILABLE, "an earlier write of this block has an unknown outcome");
  }

  private void start(PendingChange change, Term term) {
    if (leftTooLate(change, term)) {
      return;
    }
    if (!change.comparesFirst()) {
      propose(change, term);
      return;
    }
    try {
      shared.io().execute(() -> compare(change, term));
    } catch (RejectedExecutionException e) {
      leave(change, term, Replies.failed(ErrorCode.OVERLOAD, "too many reads wait for the disk"));
    }
  }

  private boolean leftTooLate(PendingChange change, Term term) {
    Optional<DataReply> tooLate = change.arrival().tooLate(shared.nanoTime().getAsLong());
    tooLate.ifPresent(reply -> leave(change, term, reply));
    return tooLate.isPresent();
  }

  private void compare(PendingChange change, Term term) {
    if (leftTooLate(change, term)) {
      return;
    }
    // An earlier try of the same request may have been applied while this one waited.
    judge(
        change.change(),
        reply -> leave(change, term, reply),
        () -> compareWithPresent(change, term));
  }

  private void compareWithPresent(PendingChange change, Term term) {
    OptionalInt present;
    try {
      present = machine.blocks().checksum(change.change().address(), change.change().firstBlock());
    } catch (IOException e) {
      leave(change, term, Replies.failed(ErrorCode.UNAVAILABLE, String.valueOf(e.getMessage())));
      return;
    }
    if (present.isEmpty()) {
      leave(
          change,
          term,
          Replies.failed(ErrorCode.UNAVAILABLE, "the block's checksum is damaged: read it first"));
    } else if (change.expects(present.getAsInt())) {
      propose(change, term);
    } else {
      proof.ask(permission -> leave(change, term, mismatch(term, present.getAsInt(), permission)));
    }
  }

  /**
   * It tells what the block holds, so it needs what a read needs; in the term of the comparison.
   */
  private static DataReply mismatch(Term term, int present, ReadPermission permission) {
    return switch (permission) {
      case ReadPermission.Refused refused -> Replies.notLeader(refused.leader(), refused.why());
      case ReadPermission.Granted granted when granted.term() != term.number() ->
          Replies.notLeader(Optional.empty(), "it leads in another term by now");
      case ReadPermission.Granted _ -> new DataReply.Mismatch(present);
    };
  }

  private void propose(PendingChange change, Term term) {
    long now = shared.nanoTime().getAsLong();
    change.proposed(now);
    shared.metrics().took(Stage.QUEUE, now - change.arrivedNanos());
    log.propose(
        CommandCodec.encode(change.change()), term.number(), end -> ended(change, term, end));
  }

  private void ended(PendingChange change, Term term, Proposal<CommandReply> end) {
    shared.metrics().took(Stage.REPLICATE, shared.nanoTime().getAsLong() - change.proposedNanos());
    if (!(end instanceof Proposal.Unknown<CommandReply>)) {
      leave(change, term, Replies.of(end));
      return;
    }
    List<PendingChange> behind;
    lock.lock();
    try {
      behind = term.line(change).leftUnknown(change);
    } finally {
      lock.unlock();
    }
    finish(change, Replies.of(end));
    behind.forEach(next -> finish(next, blocked()));
  }

  private void leave(PendingChange change, Term term, DataReply reply) {
    List<PendingChange> next;
    lock.lock();
    try {
      ChunkLine line = term.line(change);
      next = line.left(change);
      if (line.isIdle()) {
        term.lines().remove(change.change().address().chunk());
      }
    } finally {
      lock.unlock();
    }
    finish(change, reply);
    next.forEach(waiter -> start(waiter, term));
  }

  private void finish(PendingChange change, DataReply reply) {
    if (change.creates()) {
      shared.space().created(change.change().address().chunk());
    }
    long now = shared.nanoTime().getAsLong();
    long tookNanos = now - change.arrivedNanos();
    if (shared.slowLog().isSlow(tookNanos)) {
      long queuedMillis = (change.proposedNanos() - change.arrivedNanos()) / 1_000_000;
      shared
          .slowLog()
          .say(
              change.change().origin().id(),
              machine.copyset(),
              "%s after %d ms, %d of them before its proposal"
                  .formatted(Replies.outcome(reply), tookNanos / 1_000_000, queuedMillis),
              now);
    }
    change.answer(reply);
  }

  /** The lines of one term; those of an earlier one are left to the changes that stand in them. */
  private record Term(long number, Map<ChunkId, ChunkLine> lines) {
    Term(long number) {
      this(number, new HashMap<>());
    }

    ChunkLine line(PendingChange change) {
      return lines.computeIfAbsent(change.change().address().chunk(), absent -> new ChunkLine());
    }
  }
}
