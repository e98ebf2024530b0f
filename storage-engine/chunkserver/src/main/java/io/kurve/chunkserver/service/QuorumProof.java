package io.kurve.chunkserver.service;

import io.kurve.chunkserver.copyset.Command;
import io.kurve.chunkserver.copyset.CommandCodec;
import io.kurve.chunkserver.copyset.CommandReply;
import io.kurve.chunkserver.copyset.CopysetStateMachine;
import io.kurve.core.log.Proposal;
import io.kurve.core.log.ReadPermission;
import io.kurve.core.log.ReplicatedLog;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

/**
 * By an entry of the log that changes nothing: a majority that takes it follows nobody else, and
 * where it is applied all before it is. Those who ask while one is under way share the next.
 *
 * <pre>
 *   asked   a        b c        d
 *   entry   |--- 1 ---|--- 2 ---|--- 3 ---|
 *   told              a        b c        d
 * </pre>
 */
final class QuorumProof implements LeaderProof {
  private final CopysetStateMachine machine;
  private final ReplicatedLog<CommandReply> log;
  private final SpaceGate space;

  /** Guards the fields below. */
  private final ReentrantLock lock = new ReentrantLock();

  private List<Consumer<ReadPermission>> waiting = new ArrayList<>();
  private boolean underWay;

  QuorumProof(CopysetStateMachine machine, ReplicatedLog<CommandReply> log, SpaceGate space) {
    this.machine = machine;
    this.log = log;
    this.space = space;
  }

  @Override
  public void ask(Consumer<ReadPermission> told) {
    lock.lock();
    try {
      waiting.add(told);
      if (underWay) {
        return;
      }
      underWay = true;
    } finally {
      lock.unlock();
    }
    proveNext();
  }

  private void proveNext() {
    List<Consumer<ReadPermission>> asked;
    lock.lock();
    try {
      if (waiting.isEmpty()) {
        underWay = false;
        return;
      }
      asked = waiting;
      waiting = new ArrayList<>();
    } finally {
      lock.unlock();
    }
    OptionalLong term = machine.leadingTerm();
    if (term.isEmpty()) {
      tell(asked, refused("another replica leads"));
    } else if (space.logIsFull()) {
      tell(asked, refused("the log is full until the next checkpoint"));
    } else {
      long number = term.getAsLong();
      log.propose(
          CommandCodec.encode(new Command.Barrier()),
          number,
          end -> tell(asked, permission(end, number)));
    }
  }

  private void tell(List<Consumer<ReadPermission>> asked, ReadPermission permission) {
    asked.forEach(told -> told.accept(permission));
    proveNext();
  }

  private static ReadPermission permission(Proposal<CommandReply> end, long term) {
    return switch (end) {
      case Proposal.Applied<CommandReply> _ -> new ReadPermission.Granted(term);
      case Proposal.Rejected<CommandReply> rejected ->
          new ReadPermission.Refused(rejected.leader(), rejected.why());
      case Proposal.Unknown<CommandReply> unknown ->
          new ReadPermission.Refused(Optional.empty(), unknown.why());
    };
  }

  private ReadPermission refused(String why) {
    return new ReadPermission.Refused(log.status().leader(), why);
  }
}
