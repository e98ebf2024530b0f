package io.kurve.metastore.etcd;

import io.grpc.Status;
import io.kurve.core.metastore.Bytes;
import io.kurve.core.metastore.Entry;
import io.kurve.core.metastore.MetaStore;
import io.kurve.core.metastore.Outcome;
import io.kurve.core.metastore.Transaction;
import io.kurve.core.metastore.Transaction.Absent;
import io.kurve.core.metastore.Transaction.LeaseId;
import io.kurve.core.metastore.Transaction.Put;
import io.kurve.core.time.RandomSource;
import io.kurve.metastore.etcd.v3.CompactionRequest;
import io.kurve.metastore.etcd.v3.KVGrpc;
import io.kurve.metastore.etcd.v3.LeaseGrantRequest;
import io.kurve.metastore.etcd.v3.LeaseGrpc;
import io.kurve.metastore.etcd.v3.LeaseKeepAliveRequest;
import io.kurve.metastore.etcd.v3.LeaseRevokeRequest;
import io.kurve.metastore.etcd.v3.LeaseRevokeResponse;
import io.kurve.metastore.etcd.v3.RangeRequest;
import io.kurve.metastore.etcd.v3.RangeResponse;
import io.kurve.metastore.etcd.v3.TxnRequest;
import io.kurve.metastore.etcd.v3.TxnResponse;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The metadata store in an etcd cluster.
 *
 * <p>All reads are linearizable. A call is made once: what has no answer by its deadline ends
 * unknown or unavailable, and the next call goes to another member. Only what etcd says before it
 * does anything (a condition that does not hold, a lease that is gone) is a rejection.
 *
 * <p>etcd's limits hold: 128 writes and 1.5 MiB in a transaction unless its members are started
 * with more; leases are in whole seconds and not below one and a half of its election timeout.
 */
public final class EtcdMetaStore implements MetaStore {
  private static final Logger LOG = LoggerFactory.getLogger(EtcdMetaStore.class);

  private final EtcdMembers members;
  private final EtcdKeys keys;
  private final int historyRevisions;
  private final Pace pace;
  private final AtomicLong compacted = new AtomicLong();

  /**
   * Done when every watch from now on that was asked for has begun: a change that is asked for
   * after a watch must be heard by it, though it goes to etcd on another stream.
   */
  private final AtomicReference<CompletableFuture<?>> watchesBegun =
      new AtomicReference<>(CompletableFuture.completedFuture(true));

  record Pace(Duration callTimeout, RandomSource random) {}

  private EtcdMetaStore(EtcdMembers members, EtcdAccess access, RandomSource random) {
    this.members = members;
    this.keys = new EtcdKeys(access.namespace());
    this.historyRevisions = access.historyRevisions();
    this.pace = new Pace(access.callTimeout(), random);
  }

  /**
   * Connects with the first call, not here.
   *
   * @throws IOException when a certificate can't be read
   */
  public static EtcdMetaStore open(EtcdAccess access, RandomSource random) throws IOException {
    return new EtcdMetaStore(new EtcdMembers(access), access, random);
  }

  @Override
  public CompletionStage<Outcome> commit(Transaction transaction) {
    return change(keys.transaction(transaction))
        .thenApply(answer -> {
          long revision = answer.getHeader().getRevision();
          if (!answer.getSucceeded()) {
            return (Outcome) new Outcome.Rejected(revision);
          }
          compact(revision);
          return new Outcome.Applied(revision);
        })
        .exceptionallyCompose(thrown -> {
          if (isLeaseGone(thrown)) {
            return rejected();
          }
          return CompletableFuture.completedFuture(new Outcome.Unknown(why(thrown)));
        });
  }

  /** The answer that a lease is gone names no revision. */
  private CompletionStage<Outcome> rejected() {
    return range(keys.one(""))
        .thenApply(now -> (Outcome) new Outcome.Rejected(now.getHeader().getRevision()))
        .exceptionally(thrown -> new Outcome.Unknown(why(thrown)));
  }

  @Override
  public CompletionStage<Optional<Entry>> get(String key) {
    return range(keys.one(key)).thenApply(this::first);
  }

  @Override
  public CompletionStage<Page> scan(String prefix, String after, int limit, long atRevision) {
    return range(keys.page(prefix, after, limit, atRevision))
        .thenApply(answer ->
            new Page(
                answer.getKvsList().stream().map(keys::entry).toList(),
                atRevision == 0 ? answer.getHeader().getRevision() : atRevision,
                answer.getMore()));
  }

  @Override
  public Watch watch(String prefix, long fromRevision, WatchListener listener) {
    EtcdWatch watch = new EtcdWatch(members, keys, prefix, fromRevision, pace, listener);
    if (fromRevision == 0) {
      var _ =
          watchesBegun.updateAndGet(before ->
              before.isDone() ? watch.begun() : CompletableFuture.allOf(before, watch.begun()));
    }
    watch.open();
    return watch;
  }

  @Override
  public CompletionStage<LeaseId> grantLease(Duration timeToLive) {
    long seconds = Math.max(1, timeToLive.plus(Duration.ofSeconds(1).minusNanos(1)).toSeconds());
    return read(
        members.call(
            LeaseGrpc.getLeaseGrantMethod(),
            LeaseGrantRequest.newBuilder().setTTL(seconds).build()),
        answer -> new LeaseId(answer.getID()));
  }

  @Override
  public CompletionStage<Optional<Duration>> keepAlive(LeaseId lease) {
    return read(
        members.call(
            LeaseGrpc.getLeaseKeepAliveMethod(),
            LeaseKeepAliveRequest.newBuilder().setID(lease.value()).build()),
        answer ->
            answer.getTTL() <= 0
                ? Optional.empty()
                : Optional.of(Duration.ofSeconds(answer.getTTL())));
  }

  @Override
  public CompletionStage<Void> revokeLease(LeaseId lease) {
    LeaseRevokeRequest request = LeaseRevokeRequest.newBuilder().setID(lease.value()).build();
    return watchesBegun
        .get()
        .thenCompose(_ -> members.call(LeaseGrpc.getLeaseRevokeMethod(), request))
        .exceptionallyCompose(thrown ->
            isLeaseGone(thrown)
                ? CompletableFuture.completedFuture(LeaseRevokeResponse.getDefaultInstance())
                : CompletableFuture.failedFuture(unavailable(thrown)))
        .thenAccept(_ -> {});
  }

  @Override
  public CompletionStage<Leadership> campaign(String election, Bytes candidate, LeaseId lease) {
    String prefix = electionPrefix(election);
    String key = prefix + String.format("%016x", lease.value());
    Transaction stand =
        new Transaction(
            List.of(new Absent(key)), List.of(new Put(key, candidate, Optional.of(lease))));
    return change(keys.transaction(stand))
        .handle((_, thrown) -> {
          if (thrown != null) {
            throw isLeaseGone(thrown)
                ? new MetaStoreUnavailable("the candidate's lease is gone", thrown)
                : unavailable(thrown);
          }
          return key;
        })
        .thenCompose(own -> new EtcdCampaign(members, keys, this::watch, prefix, own).run());
  }

  @Override
  public CompletionStage<Optional<Entry>> leader(String election) {
    return range(keys.oldest(electionPrefix(election))).thenApply(this::first);
  }

  @Override
  public void close() {
    members.close();
  }

  private static String electionPrefix(String election) {
    return "election/" + election + "/";
  }

  private CompletableFuture<TxnResponse> change(TxnRequest request) {
    return watchesBegun.get().thenCompose(_ -> members.call(KVGrpc.getTxnMethod(), request));
  }

  private CompletionStage<RangeResponse> range(RangeRequest request) {
    return read(members.call(KVGrpc.getRangeMethod(), request), answer -> answer)
        .exceptionallyCompose(thrown ->
            CompletableFuture.failedFuture(
                isCompacted(thrown)
                    ? new RevisionCompacted(
                        request.getRevision(), Math.max(compacted.get(), request.getRevision() + 1))
                    : thrown));
  }

  private static <A, B> CompletableFuture<B> read(
      CompletableFuture<A> call, Function<A, B> meaning) {
    return call.handle((answer, thrown) -> {
      if (answer == null) {
        throw unavailable(thrown);
      }
      return meaning.apply(answer);
    });
  }

  private Optional<Entry> first(RangeResponse answer) {
    return answer.getKvsList().stream().findFirst().map(keys::entry);
  }

  /** Whoever writes throws away what is older than the history, so that etcd's disk stays small. */
  private void compact(long revision) {
    long before = compacted.get();
    long target = revision - historyRevisions;
    if (target - before < historyRevisions || !compacted.compareAndSet(before, target)) {
      return;
    }
    var _ =
        members
            .call(
                KVGrpc.getCompactMethod(),
                CompactionRequest.newBuilder().setRevision(target).build())
            .exceptionally(thrown -> {
              // Another may have compacted more; if not, it is tried again a history later.
              LOG.info("etcd was not compacted to revision {}: {}", target, why(thrown));
              return null;
            });
  }

  private static MetaStoreUnavailable unavailable(@Nullable Throwable thrown) {
    Throwable cause = thrown == null ? new IllegalStateException("no answer") : causeOf(thrown);
    return new MetaStoreUnavailable("etcd did not answer: " + why(cause), cause);
  }

  private static Throwable causeOf(Throwable thrown) {
    Throwable cause = EtcdMembers.cause(thrown);
    return cause == null ? thrown : cause;
  }

  private static String why(Throwable thrown) {
    return String.valueOf(causeOf(thrown).getMessage());
  }

  private static boolean isLeaseGone(Throwable thrown) {
    return says(thrown, Status.Code.NOT_FOUND, "lease not found");
  }

  private static boolean isCompacted(Throwable thrown) {
    return says(thrown, Status.Code.OUT_OF_RANGE, "has been compacted");
  }

  private static boolean says(Throwable thrown, Status.Code code, String text) {
    Status status = Status.fromThrowable(thrown);
    return status.getCode() == code && String.valueOf(status.getDescription()).contains(text);
  }
}
