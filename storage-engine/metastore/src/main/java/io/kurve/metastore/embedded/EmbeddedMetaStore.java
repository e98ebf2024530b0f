package io.kurve.metastore.embedded;

import io.kurve.core.failure.FaultHandler;
import io.kurve.core.metastore.Bytes;
import io.kurve.core.metastore.Entry;
import io.kurve.core.metastore.MetaStore;
import io.kurve.core.metastore.Outcome;
import io.kurve.core.metastore.Transaction;
import io.kurve.core.metastore.Transaction.Absent;
import io.kurve.core.metastore.Transaction.LeaseId;
import io.kurve.core.metastore.Transaction.Put;
import io.kurve.core.metastore.Transaction.Write;
import io.kurve.metastore.embedded.LogRecord.LeaseEnded;
import io.kurve.metastore.embedded.LogRecord.LeaseGranted;
import io.kurve.metastore.embedded.LogRecord.Written;
import io.kurve.metastore.embedded.StoreFormat.Image;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A metadata store in one process and one directory, for one MDS.
 *
 * <p>One thread owns state and files. It takes all requests that wait, decides them one after the
 * other, writes what they changed as one frame, syncs, and only then ends their stages: reads too,
 * so that nobody sees what a crash could take back. A failed write or sync goes to the fault
 * handler and nobody is answered.
 *
 * <p>Leases run on the monotonic clock given; after a restart each has its full time again. Ended
 * leases take their keys with them.
 */
public final class EmbeddedMetaStore implements MetaStore {
  private static final Logger LOG = LoggerFactory.getLogger(EmbeddedMetaStore.class);
  private static final String UNANSWERED = "the store is closed or has too many requests";

  /**
   * @param historyRevisions how many revisions back a scan or watch may begin
   * @param snapshotBytes a log longer than this is replaced by a snapshot
   */
  public record Limits(int historyRevisions, long snapshotBytes, int queuedRequests) {
    public static final Limits DEFAULT = new Limits(10_000, 16 << 20, 4096);
  }

  private record Lease(Duration timeToLive, long endsAtNanos) {}

  private record Candidacy(String prefix, String key, CompletableFuture<Leadership> leadership) {}

  /** One frame in the making, and whom to tell when it is durable. */
  private static final class Batch {
    final List<LogRecord> records = new ArrayList<>();
    final List<Change> changes = new ArrayList<>();
    final List<Runnable> answers = new ArrayList<>();
  }

  private interface Decision {
    void decide(Batch batch);
  }

  private record Request(Decision decision, Runnable abandon) {}

  private final StoreFiles files;
  private final KeyValueState state;
  private final Limits limits;
  private final LongSupplier nanoClock;
  private final FaultHandler faults;
  private final BlockingQueue<Request> requests;
  private final Map<LeaseId, Lease> leases = new TreeMap<>(EmbeddedMetaStore::byValue);
  private final List<Candidacy> candidacies = new ArrayList<>();
  private final List<EmbeddedWatch> watches = new ArrayList<>();
  private final Thread thread;
  private long nextLease;
  private volatile boolean closed;

  private EmbeddedMetaStore(
      StoreFiles files, Limits limits, LongSupplier nanoClock, FaultHandler faults) {
    this.files = files;
    this.limits = limits;
    this.nanoClock = nanoClock;
    this.faults = faults;
    this.requests = new ArrayBlockingQueue<>(limits.queuedRequests());
    Image image = files.found().image();
    this.state = new KeyValueState(image.revision(), image.entries(), limits.historyRevisions());
    this.nextLease = image.nextLease();
    image.leases().forEach((id, timeToLive) -> lease(new LeaseId(id), timeToLive));
    files.found().records().forEach(this::replay);
    this.thread = Thread.ofPlatform().name("metastore").daemon().unstarted(this::run);
  }

  /**
   * @throws io.kurve.core.failure.KurveException IN_USE when another process has the directory;
   *     BAD_STORE when the files are damaged or newer than this software
   */
  public static EmbeddedMetaStore open(
      Path directory, Limits limits, LongSupplier nanoClock, FaultHandler faults)
      throws IOException {
    return open(directory, FileChannel::open, limits, nanoClock, faults);
  }

  static EmbeddedMetaStore open(
      Path directory,
      ChannelSource channels,
      Limits limits,
      LongSupplier nanoClock,
      FaultHandler faults)
      throws IOException {
    EmbeddedMetaStore store =
        new EmbeddedMetaStore(StoreFiles.open(directory, channels), limits, nanoClock, faults);
    store.thread.start();
    return store;
  }

  private static int byValue(LeaseId a, LeaseId b) {
    return Long.compare(a.value(), b.value());
  }

  private void replay(LogRecord record) {
    switch (record) {
      case Written(long revision, List<Write> writes) -> {
        if (revision != state.revision() + 1) {
          throw StoreFormat.damaged(
              "the log goes from revision " + state.revision() + " to " + revision);
        }
        state.apply(writes);
      }
      case LeaseGranted(LeaseId lease, Duration timeToLive) -> {
        lease(lease, timeToLive);
        nextLease = Math.max(nextLease, lease.value() + 1);
      }
      case LeaseEnded(LeaseId lease) -> leases.remove(lease);
    }
  }

  private void lease(LeaseId id, Duration timeToLive) {
    leases.put(id, new Lease(timeToLive, nanoClock.getAsLong() + timeToLive.toNanos()));
  }

  @Override
  public CompletionStage<Outcome> commit(Transaction transaction) {
    CompletableFuture<Outcome> end = new CompletableFuture<>();
    enqueue(
        batch -> {
          boolean deadLease =
              transaction.writes().stream()
                  .anyMatch(write ->
                      write instanceof Put put
                          && put.lease().isPresent()
                          && !leases.containsKey(put.lease().get()));
          Outcome outcome;
          if (deadLease || !state.holds(transaction.conditions())) {
            outcome = new Outcome.Rejected(state.revision());
          } else if (transaction.writes().isEmpty()) {
            outcome = new Outcome.Applied(state.revision());
          } else {
            write(batch, transaction.writes());
            outcome = new Outcome.Applied(state.revision());
          }
          batch.answers.add(() -> end.complete(outcome));
        },
        () -> end.complete(new Outcome.Unknown(UNANSWERED)));
    return end;
  }

  @Override
  public CompletionStage<Optional<Entry>> get(String key) {
    return ask(() -> state.get(key));
  }

  @Override
  public CompletionStage<Page> scan(String prefix, String after, int limit, long atRevision) {
    return ask(() -> state.scan(prefix, after, limit, atRevision));
  }

  @Override
  public Watch watch(String prefix, long fromRevision, WatchListener listener) {
    EmbeddedWatch watch = new EmbeddedWatch(prefix, listener);
    enqueue(
        batch -> {
          long from = fromRevision == 0 ? state.revision() + 1 : fromRevision;
          // Looked up when the whole batch is decided: from here on the watch hears of each new
          // one.
          batch.answers.add(() -> begin(watch, from));
        },
        () -> watch.lost(UNANSWERED));
    return watch;
  }

  @Override
  public CompletionStage<LeaseId> grantLease(Duration timeToLive) {
    return change(batch -> {
      LeaseId id = new LeaseId(nextLease++);
      lease(id, timeToLive);
      batch.records.add(new LeaseGranted(id, timeToLive));
      return id;
    });
  }

  @Override
  public CompletionStage<Optional<Duration>> keepAlive(LeaseId id) {
    return ask(() -> {
      @Nullable Lease lease = leases.get(id);
      if (lease == null) {
        return Optional.empty();
      }
      lease(id, lease.timeToLive());
      return Optional.of(lease.timeToLive());
    });
  }

  @Override
  public CompletionStage<Void> revokeLease(LeaseId lease) {
    return change(
            batch -> {
              endLease(batch, lease);
              return lease;
            })
        .thenAccept(_ -> {});
  }

  @Override
  public CompletionStage<Leadership> campaign(String election, Bytes candidate, LeaseId lease) {
    CompletableFuture<Leadership> leadership = new CompletableFuture<>();
    String prefix = electionPrefix(election);
    String key = prefix + String.format("%016x", lease.value());
    enqueue(
        batch -> {
          if (!leases.containsKey(lease)) {
            batch.answers.add(() ->
                leadership.completeExceptionally(unavailable("the candidate's lease is gone")));
            return;
          }
          if (state.holds(List.of(new Absent(key)))) {
            write(batch, List.of(new Put(key, candidate, Optional.of(lease))));
          }
          candidacies.add(new Candidacy(prefix, key, leadership));
          elect(batch);
        },
        () -> leadership.completeExceptionally(unavailable(UNANSWERED)));
    return leadership;
  }

  @Override
  public CompletionStage<Optional<Entry>> leader(String election) {
    return ask(() -> state.oldest(electionPrefix(election)));
  }

  @Override
  public void close() {
    closed = true;
    // Wakes the thread; not by an interrupt, which would close the files under its feet.
    wake();
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void wake() {
    if (!requests.offer(new Request(_ -> {}, () -> {}))) {
      LOG.info("closing with a full queue");
    }
  }

  private static String electionPrefix(String election) {
    return "election/" + election + "/";
  }

  private static MetaStoreUnavailable unavailable(String why) {
    return new MetaStoreUnavailable(why, new IllegalStateException(why));
  }

  private void enqueue(Decision decision, Runnable abandon) {
    if (closed || !requests.offer(new Request(decision, abandon))) {
      abandon.run();
    }
  }

  private void begin(EmbeddedWatch watch, long from) {
    Optional<List<Change>> missed = state.changesFrom(watch.prefix(), from);
    if (missed.isEmpty()) {
      watch.lost("revision " + from + " is compacted");
    } else {
      watch.tell(missed.get(), state.revision());
      watches.add(watch);
    }
  }

  private <T> CompletionStage<T> ask(Supplier<T> question) {
    return change(_ -> question.get());
  }

  private <T> CompletionStage<T> change(Function<Batch, T> decision) {
    CompletableFuture<T> end = new CompletableFuture<>();
    enqueue(
        batch -> {
          try {
            T answer = decision.apply(batch);
            batch.answers.add(() -> end.complete(answer));
          } catch (RevisionCompacted e) {
            batch.answers.add(() -> end.completeExceptionally(e));
          }
        },
        () -> end.completeExceptionally(unavailable(UNANSWERED)));
    return end;
  }

  private void write(Batch batch, List<Write> writes) {
    batch.changes.addAll(state.apply(writes));
    batch.records.add(new Written(state.revision(), writes));
  }

  private void endLease(Batch batch, LeaseId lease) {
    if (leases.remove(lease) == null) {
      return;
    }
    List<Write> deletes = state.deletesOf(lease);
    if (!deletes.isEmpty()) {
      write(batch, deletes);
    }
    batch.records.add(new LeaseEnded(lease));
    elect(batch);
  }

  private void elect(Batch batch) {
    List<Candidacy> ended = new ArrayList<>();
    for (Candidacy candidacy : candidacies) {
      Optional<Entry> own = state.get(candidacy.key());
      if (own.isEmpty()) {
        ended.add(candidacy);
        batch.answers.add(() ->
            candidacy
                .leadership()
                .completeExceptionally(unavailable("the candidate's lease ended")));
      } else if (state.oldest(candidacy.prefix()).equals(own)) {
        ended.add(candidacy);
        Leadership won = new Leadership(candidacy.key(), own.get().createRevision());
        batch.answers.add(() -> candidacy.leadership().complete(won));
      }
    }
    candidacies.removeAll(ended);
  }

  private void run() {
    try {
      while (!closed) {
        @Nullable Request first = nextRequest();
        Batch batch = new Batch();
        endExpiredLeases(batch);
        if (first != null) {
          first.decision().decide(batch);
          Collection<Request> more = new ArrayList<>();
          requests.drainTo(more);
          more.forEach(request -> request.decision().decide(batch));
        }
        finish(batch);
      }
      files.close();
    } catch (IOException e) {
      throw faults.halt("the metadata store can't write its files", e);
    } catch (RuntimeException e) {
      throw faults.halt("the metadata store's thread failed", e);
    }
    abandonAll();
  }

  private @Nullable Request nextRequest() {
    long now = nanoClock.getAsLong();
    long wait =
        leases.values().stream()
            .mapToLong(lease -> lease.endsAtNanos() - now)
            .min()
            .orElse(TimeUnit.SECONDS.toNanos(1));
    try {
      return requests.poll(Math.clamp(wait, 0, TimeUnit.SECONDS.toNanos(1)), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      closed = true;
      return null;
    }
  }

  private void endExpiredLeases(Batch batch) {
    long now = nanoClock.getAsLong();
    List<LeaseId> expired =
        leases.entrySet().stream()
            .filter(lease -> lease.getValue().endsAtNanos() - now <= 0)
            .map(Map.Entry::getKey)
            .toList();
    expired.forEach(lease -> endLease(batch, lease));
  }

  private void finish(Batch batch) throws IOException {
    if (!batch.records.isEmpty()) {
      files.append(batch.records);
    }
    if (!batch.changes.isEmpty()) {
      watches.removeIf(EmbeddedWatch::isClosed);
      watches.forEach(watch -> watch.tell(batch.changes, state.revision()));
    }
    batch.answers.forEach(Runnable::run);
    if (files.logBytes() > limits.snapshotBytes()) {
      snapshot();
    }
  }

  private void snapshot() throws IOException {
    TreeMap<Long, Duration> leaseTimes = new TreeMap<>();
    leases.forEach((id, lease) -> leaseTimes.put(id.value(), lease.timeToLive()));
    files.snapshot(
        new Image(0, state.revision(), nextLease, leaseTimes, List.copyOf(state.entries())));
    LOG.info("snapshot at revision {}", state.revision());
  }

  /** What was queued when the store closed was not decided. */
  private void abandonAll() {
    candidacies.forEach(candidacy ->
        candidacy.leadership().completeExceptionally(unavailable("the store was closed")));
    List<Request> left = new ArrayList<>();
    requests.drainTo(left);
    left.forEach(request -> request.abandon().run());
  }
}
