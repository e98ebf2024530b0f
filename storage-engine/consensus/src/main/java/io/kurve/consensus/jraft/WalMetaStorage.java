package io.kurve.consensus.jraft;

import com.alipay.sofa.jraft.entity.PeerId;
import com.alipay.sofa.jraft.option.RaftMetaStorageOptions;
import com.alipay.sofa.jraft.storage.RaftMetaStorage;
import io.kurve.consensus.wal.GroupLog;
import io.kurve.consensus.wal.GroupLog.HardState;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The replica's term and vote, durable on the shared WAL before a method returns; a failed write
 * halts there (rule 3). The last barrier of rule 11: a replica that may not vote gets no vote
 * written, not even for itself, and jraft takes that for a refusal.
 *
 * <p>So it does when the WAL has no room for a promise. jraft may be in a term then that is not
 * durable: it raises its own term first and does not look at what became of that here. A vote is
 * written together with the term that jraft is in, never with an older one, and {@link #raise}
 * keeps a leader's messages away until their term is durable.
 */
final class WalMetaStorage implements RaftMetaStorage {
  private static final Logger log = LoggerFactory.getLogger(WalMetaStorage.class);

  private final GroupLog wal;
  private final BooleanSupplier mayVote;

  /** One promise at a time. */
  private final ReentrantLock lock = new ReentrantLock();

  private volatile HardState state;

  /** What jraft asked for last. Guarded by lock. */
  private long termOfJraft;

  WalMetaStorage(GroupLog wal, BooleanSupplier mayVote) {
    this.wal = wal;
    this.mayVote = mayVote;
    this.state = wal.hardState();
    this.termOfJraft = state.term();
  }

  @Override
  public boolean init(RaftMetaStorageOptions options) {
    return true;
  }

  @Override
  public void shutdown() {
    // The WAL outlives its replicas.
  }

  @Override
  public boolean setTerm(long term) {
    return setTermAndVotedFor(term, PeerId.emptyPeer());
  }

  /** The durable one. */
  @Override
  public long getTerm() {
    return state.term();
  }

  @Override
  public boolean setVotedFor(PeerId peer) {
    lock.lock();
    try {
      return promise(termOfJraft, peer);
    } finally {
      lock.unlock();
    }
  }

  @Override
  public PeerId getVotedFor() {
    return state.votedFor().map(PeerNames::peer).orElseGet(PeerId::emptyPeer);
  }

  @Override
  public boolean setTermAndVotedFor(long term, PeerId peer) {
    lock.lock();
    try {
      termOfJraft = term;
      return promise(term, peer);
    } finally {
      lock.unlock();
    }
  }

  /**
   * Makes at least this term durable, for a message of its leader; false when there is no room.
   * Does not wait where it is durable: messages of the present term come on the network's thread.
   */
  boolean raise(long term) {
    if (term <= state.term()) {
      return true;
    }
    lock.lock();
    try {
      return term <= state.term() || save(new HardState(term, Optional.empty()));
    } finally {
      lock.unlock();
    }
  }

  private boolean promise(long term, PeerId peer) {
    if (peer.isEmpty()) {
      return save(new HardState(term, Optional.empty()));
    }
    return mayVote.getAsBoolean()
        && save(new HardState(term, Optional.of(PeerNames.replica(peer))));
  }

  private boolean save(HardState next) {
    if (next.equals(state)) {
      return true;
    }
    if (next.term() < state.term()) {
      return false;
    }
    try {
      wal.saveHardState(next);
    } catch (KurveException full) {
      if (full.code() != ErrorCode.OVERLOAD) {
        throw full;
      }
      log.warn("{} does not promise {}: {}", wal.group(), next, full.getMessage());
      return false;
    }
    state = next;
    return true;
  }
}
