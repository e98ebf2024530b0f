package io.kurve.consensus.jraft;

import com.alipay.sofa.jraft.option.NodeOptions;
import io.kurve.consensus.RaftTransport;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.id.ReplicaId;
import java.util.concurrent.Executor;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;

/**
 * What a replica's client needs; jraft hands its options, and so this, to each client that it has
 * made.
 *
 * @param catchesUp whether what a follower lacks has to be read from the disk
 * @param tasks where jraft hears of answers for which it may wait for the disk
 * @param failures where calls that fail at once are told so: jraft holds a lock while it calls
 */
record ReplicaLink(
    RaftTransport transport,
    CopysetKey copyset,
    LeaderLease lease,
    Candidacy candidacy,
    BooleanSupplier mayVote,
    Predicate<ReplicaId> catchesUp,
    Executor tasks,
    Executor failures) {

  static final class Options extends NodeOptions {
    private final ReplicaLink link;

    Options(ReplicaLink link) {
      this.link = link;
    }

    ReplicaLink link() {
      return link;
    }
  }

  /** The term that a leader named this replica for; its followers need not keep the lease then. */
  static final class Candidacy {
    private volatile long releasedTerm = -1;

    void released(long term) {
      releasedTerm = term;
    }

    boolean isReleased(long term) {
      return releasedTerm == term;
    }
  }
}
