package io.kurve.core.metastore;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;

/**
 * A small, strongly consistent store of keys in order.
 *
 * <p>Revisions start at 1 and rise by one with each applied transaction that writes. A stage ends
 * exceptionally with {@link MetaStoreUnavailable} when a read could not be answered; a commit never
 * does: it ends {@link Outcome.Unknown}. Stages end on a thread of the store's.
 */
public interface MetaStore extends AutoCloseable {
  CompletionStage<Outcome> commit(Transaction transaction);

  CompletionStage<Optional<Entry>> get(String key);

  /**
   * The keys that start with the prefix, in order.
   *
   * @param after the last key of the page before, or empty for the first page
   * @param atRevision the revision of the first page, or 0 for the newest; ends with {@link
   *     RevisionCompacted} when it is gone: start anew
   */
  CompletionStage<Page> scan(String prefix, String after, int limit, long atRevision);

  /**
   * Tells each change of keys with the prefix, from this revision on (0: from now), in order, once.
   * When changes were compacted away the listener hears {@link WatchListener#lost} and no more.
   */
  Watch watch(String prefix, long fromRevision, WatchListener listener);

  CompletionStage<Transaction.LeaseId> grantLease(Duration timeToLive);

  /** Ends with the time that the lease has from now, or empty when it is gone. */
  CompletionStage<Optional<Duration>> keepAlive(Transaction.LeaseId lease);

  CompletionStage<Void> revokeLease(Transaction.LeaseId lease);

  /**
   * Ends with the leadership when this candidate holds it; its term is the create revision of the
   * leader's key, which every write transaction of the leader names as a condition.
   */
  CompletionStage<Leadership> campaign(String election, Bytes candidate, Transaction.LeaseId lease);

  /** Who holds the election now. */
  CompletionStage<Optional<Entry>> leader(String election);

  @Override
  void close();

  record Page(List<Entry> entries, long revision, boolean more) {}

  record Leadership(String key, long term) {}

  /** A change; no value means deleted. */
  record Change(String key, Optional<Bytes> value, long revision) {}

  interface WatchListener {
    void changed(List<Change> changes, long revision);

    void lost(String why);
  }

  interface Watch extends AutoCloseable {
    @Override
    void close();
  }

  /** The revision of a scan or a watch is older than what the store keeps. */
  final class RevisionCompacted extends RuntimeException {
    private static final long serialVersionUID = 1;

    public RevisionCompacted(long wanted, long oldest) {
      super("revision " + wanted + " is compacted; the oldest is " + oldest);
    }
  }

  /** The store can't answer now. */
  final class MetaStoreUnavailable extends RuntimeException {
    private static final long serialVersionUID = 1;

    public MetaStoreUnavailable(String why, Throwable cause) {
      super(why, cause);
    }
  }
}
