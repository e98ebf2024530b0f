package io.kurve.consensus.jraft;

import com.alipay.sofa.jraft.entity.PeerId;
import com.alipay.sofa.jraft.option.RaftMetaStorageOptions;
import com.alipay.sofa.jraft.storage.RaftMetaStorage;
import io.kurve.consensus.wal.GroupLog;
import io.kurve.consensus.wal.GroupLog.HardState;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/**
 * The replica's term and vote, durable on the shared WAL before a method returns; a failed write
 * halts there (rule 3). The last barrier of rule 11: a replica that may not vote gets no vote
 * written, not even for itself, and jraft takes that for a refusal.
 */
final class WalMetaStorage implements RaftMetaStorage {
  private final GroupLog log;
  private final BooleanSupplier mayVote;
  private volatile HardState state;

  WalMetaStorage(GroupLog log, BooleanSupplier mayVote) {
    this.log = log;
    this.mayVote = mayVote;
    this.state = log.hardState();
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
    save(new HardState(term, state.votedFor()));
    return true;
  }

  /** Also for our own threads: jraft raises its term together with this one. */
  @Override
  public long getTerm() {
    return state.term();
  }

  @Override
  public boolean setVotedFor(PeerId peer) {
    return setTermAndVotedFor(state.term(), peer);
  }

  @Override
  public PeerId getVotedFor() {
    return state.votedFor().map(PeerNames::peer).orElseGet(PeerId::emptyPeer);
  }

  @Override
  public boolean setTermAndVotedFor(long term, PeerId peer) {
    if (peer.isEmpty()) {
      save(new HardState(term, Optional.empty()));
      return true;
    }
    if (!mayVote.getAsBoolean()) {
      return false;
    }
    save(new HardState(term, Optional.of(PeerNames.replica(peer))));
    return true;
  }

  private void save(HardState next) {
    if (!next.equals(state)) {
      log.saveHardState(next);
      state = next;
    }
  }
}
