package io.kurve.consensus.jraft;

import com.alipay.sofa.jraft.Closure;
import com.alipay.sofa.jraft.Status;
import com.alipay.sofa.jraft.error.RaftError;
import io.kurve.core.log.LogPosition;
import io.kurve.core.log.Proposal;
import io.kurve.core.log.ProposalListener;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Tells the proposer its end, once.
 *
 * <p>jraft has one code for "was never appended" and "was appended, then the leader stepped down";
 * only its text tells them apart. What is not known to be the former counts as the latter: an
 * unknown end is always safe to report.
 */
final class ProposalClosure<R> implements Closure {
  private final JraftReplica<R> replica;
  private final ProposalListener<R> listener;
  private final int bytes;
  private final AtomicBoolean ended = new AtomicBoolean();

  ProposalClosure(JraftReplica<R> replica, ProposalListener<R> listener, int bytes) {
    this.replica = replica;
    this.listener = listener;
    this.bytes = bytes;
  }

  int bytes() {
    return bytes;
  }

  void applied(LogPosition at, R reply) {
    end(new Proposal.Applied<>(at, reply));
  }

  /** jraft could not, or no longer. */
  @Override
  public void run(Status status) {
    String why = String.valueOf(status.getErrorMsg());
    end(
        switch (end(status, why)) {
          case NOT_LEADER -> replica.notLeader(why);
          case OVERLOAD -> replica.overload(why);
          case UNKNOWN -> new Proposal.Unknown<>(why);
        });
  }

  /** The replica is closed and jraft will not come back to it. */
  void abandoned() {
    end(new Proposal.Unknown<>("the replica closed"));
  }

  private void end(Proposal<R> proposal) {
    if (ended.compareAndSet(false, true)) {
      replica.ended(this);
      listener.ended(proposal);
    }
  }

  private enum End {
    NOT_LEADER,
    OVERLOAD,
    UNKNOWN
  }

  private static End end(Status status, String why) {
    RaftError error = status.getRaftError();
    if (error == RaftError.EBUSY) {
      // Always before the append: ring or log full, or leadership being handed over.
      return why.toLowerCase(Locale.ROOT).contains("transferring") ? End.NOT_LEADER : End.OVERLOAD;
    }
    boolean beforeAppend =
        error == RaftError.EPERM
            && (why.equals("Is not leader.") || why.startsWith("expected_term="));
    return beforeAppend ? End.NOT_LEADER : End.UNKNOWN;
  }
}
