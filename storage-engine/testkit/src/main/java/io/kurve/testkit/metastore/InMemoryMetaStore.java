package io.kurve.testkit.metastore;

import io.kurve.core.metastore.Bytes;
import io.kurve.core.metastore.Entry;
import io.kurve.core.metastore.MetaStore;
import io.kurve.core.metastore.Outcome;
import io.kurve.core.metastore.Transaction;
import io.kurve.core.metastore.Transaction.LeaseId;
import io.kurve.core.time.EventLoop;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Predicate;
import java.util.function.Supplier;

/**
 * A metadata store in memory that can be as nasty as a real one.
 *
 * <p>All state lives on the event loop given, all stages end on it, and its clock counts the
 * leases; so one simulated loop makes everything repeatable, and a loop with a thread serves the
 * contract suite. The state outlives {@link Session}s: each is one client's connection, and closing
 * it or cutting it off hurts no other.
 */
public final class InMemoryMetaStore {
  private static final String ELECTIONS = "election/";

  private final EventLoop loop;
  private final KeyHistory keys = new KeyHistory();
  private final Map<Long, Lease> leases = new TreeMap<>();
  private final Map<String, Long> leaseOfKey = new TreeMap<>();
  private final Map<String, Deque<Candidacy>> campaigns = new TreeMap<>();
  private final List<Watcher> watchers = new ArrayList<>();
  private final Deque<ArmedFault> armed = new ArrayDeque<>();
  private long lastLease;
  private long commits;

  public InMemoryMetaStore(EventLoop loop) {
    this.loop = loop;
  }

  /** How a transaction ends although nothing is wrong with it. */
  public enum CommitFault {
    /** The answer is lost; the writes are there. */
    UNKNOWN_APPLIED,
    /** The request is lost. */
    UNKNOWN_NOT_APPLIED,
    /** The answer says unknown; the request is still under way and applies a second later. */
    UNKNOWN_APPLIED_LATER
  }

  public Session connect() {
    return new Session();
  }

  /** The next transaction that matches ends so; faults are used once, in the order armed. */
  public void failNext(CommitFault fault, Predicate<Transaction> which) {
    armed.add(new ArmedFault(fault, which));
  }

  /** Takes a lease away at once, as if its holder had been paused past its end. */
  public void expire(LeaseId lease) {
    endLease(lease.value());
  }

  /** Forgets what was overwritten before this revision. */
  public void compact(long toRevision) {
    keys.compact(toRevision);
  }

  public long revision() {
    return keys.revision();
  }

  /** How many leases somebody has. */
  public int leases() {
    return leases.size();
  }

  /** How many transactions have arrived, whatever became of them. */
  public long commits() {
    return commits;
  }

  /** All that is stored now, to copy into another store: a backup. */
  public List<Entry> contents() {
    return keys.scan("", "", Integer.MAX_VALUE, 0).entries();
  }

  /** Puts a backup back, but for elections: revisions go on from this store's own. */
  public void restore(List<Entry> backup) {
    Map<String, Optional<Bytes>> writes = new LinkedHashMap<>();
    contents().stream()
        .filter(e -> !e.key().startsWith(ELECTIONS))
        .forEach(e -> writes.put(e.key(), Optional.empty()));
    backup.stream()
        .filter(e -> !e.key().startsWith(ELECTIONS))
        .forEach(e -> writes.put(e.key(), Optional.of(e.value())));
    apply(writes);
  }

  private void apply(Map<String, Optional<Bytes>> writes) {
    List<MetaStore.Change> changes = keys.apply(writes);
    for (Watcher watcher : List.copyOf(watchers)) {
      watcher.tell(changes, keys.revision());
    }
    for (String key : writes.keySet()) {
      if (key.startsWith(ELECTIONS) && keys.current(key).isEmpty()) {
        electNext(key);
      }
    }
  }

  private Outcome commitNow(Transaction transaction) {
    boolean leasesLive =
        transaction.writes().stream()
            .filter(Transaction.Put.class::isInstance)
            .flatMap(w -> ((Transaction.Put) w).lease().stream())
            .allMatch(lease -> leases.containsKey(lease.value()));
    if (!leasesLive || !transaction.conditions().stream().allMatch(this::holds)) {
      return new Outcome.Rejected(keys.revision());
    }
    if (!transaction.writes().isEmpty()) {
      Map<String, Optional<Bytes>> writes = new LinkedHashMap<>();
      for (Transaction.Write write : transaction.writes()) {
        switch (write) {
          case Transaction.Put put -> {
            writes.put(put.key(), Optional.of(put.value()));
            unbind(put.key());
            put.lease().ifPresent(lease -> bind(put.key(), lease.value()));
          }
          case Transaction.Delete delete -> {
            writes.put(delete.key(), Optional.empty());
            unbind(delete.key());
          }
        }
      }
      apply(writes);
    }
    return new Outcome.Applied(keys.revision());
  }

  private boolean holds(Transaction.Condition condition) {
    Optional<Entry> entry = keys.current(condition.key());
    return switch (condition) {
      case Transaction.Absent _ -> entry.isEmpty();
      case Transaction.CreatedAt at ->
          entry.filter(e -> e.createRevision() == at.createRevision()).isPresent();
      case Transaction.ModifiedAt at ->
          entry.filter(e -> e.modifyRevision() == at.modifyRevision()).isPresent();
    };
  }

  private Outcome commitWithFaults(Transaction transaction) {
    commits++;
    ArmedFault fault = null;
    for (ArmedFault candidate : armed) {
      if (fault == null && candidate.which().test(transaction)) {
        fault = candidate;
      }
    }
    if (fault == null) {
      return commitNow(transaction);
    }
    armed.remove(fault);
    switch (fault.fault()) {
      case UNKNOWN_APPLIED -> commitNow(transaction);
      case UNKNOWN_APPLIED_LATER ->
          loop.schedule(Duration.ofSeconds(1), () -> commitNow(transaction));
      case UNKNOWN_NOT_APPLIED -> {}
    }
    return new Outcome.Unknown("the answer did not come in time");
  }

  private void bind(String key, long lease) {
    leaseOfKey.put(key, lease);
    Lease bound = leases.get(lease);
    if (bound != null) {
      bound.keys.add(key);
    }
  }

  private void unbind(String key) {
    Long lease = leaseOfKey.remove(key);
    Lease bound = lease == null ? null : leases.get(lease);
    if (bound != null) {
      bound.keys.remove(key);
    }
  }

  private void endLease(long id) {
    Lease lease = leases.remove(id);
    if (lease == null) {
      return;
    }
    lease.timer.cancel();
    campaigns.values().forEach(waiting -> waiting.removeIf(c -> c.refuseIfLeaseIs(id)));
    Map<String, Optional<Bytes>> deletes = new LinkedHashMap<>();
    for (String key : lease.keys) {
      leaseOfKey.remove(key);
      deletes.put(key, Optional.empty());
    }
    if (!deletes.isEmpty()) {
      apply(deletes);
    }
  }

  private void electNext(String key) {
    Deque<Candidacy> waiting = campaigns.get(key);
    Candidacy next = waiting == null ? null : waiting.poll();
    if (next != null) {
      commitNow(
          new Transaction(
              List.of(new Transaction.Absent(key)),
              List.of(new Transaction.Put(key, next.candidate(), Optional.of(next.lease())))));
      next.won().complete(new MetaStore.Leadership(key, keys.revision()));
    }
  }

  private CompletionStage<MetaStore.Leadership> campaignNow(
      String key, Bytes candidate, LeaseId lease) {
    CompletableFuture<MetaStore.Leadership> won = new CompletableFuture<>();
    Candidacy candidacy = new Candidacy(candidate, lease, won);
    Optional<Entry> holder = keys.current(key);
    Long holderLease = leaseOfKey.get(key);
    if (!leases.containsKey(lease.value())) {
      boolean _ = candidacy.refuseIfLeaseIs(lease.value());
    } else if (holder.isPresent() && holderLease != null && holderLease == lease.value()) {
      won.complete(new MetaStore.Leadership(key, holder.get().createRevision()));
    } else {
      campaigns.computeIfAbsent(key, k -> new ArrayDeque<>()).add(candidacy);
      if (holder.isEmpty()) {
        electNext(key);
      }
    }
    return won;
  }

  /** One client's connection. */
  public final class Session implements MetaStore {
    private boolean cut;
    private final List<Watcher> own = new ArrayList<>();

    /** While cut off, reads fail and transactions end Unknown without having been applied. */
    public void cutOff(boolean nowCut) {
      this.cut = nowCut;
    }

    @Override
    public CompletionStage<Outcome> commit(Transaction transaction) {
      return later(() ->
          CompletableFuture.completedStage(
              cut ? new Outcome.Unknown("cut off") : commitWithFaults(transaction)));
    }

    @Override
    public CompletionStage<Optional<Entry>> get(String key) {
      return read(() -> keys.current(key));
    }

    @Override
    public CompletionStage<Page> scan(String prefix, String after, int limit, long atRevision) {
      return read(() -> {
        if (atRevision != 0 && atRevision < keys.oldest()) {
          throw new RevisionCompacted(atRevision, keys.oldest());
        }
        return keys.scan(prefix, after, limit, atRevision);
      });
    }

    @Override
    public Watch watch(String prefix, long fromRevision, WatchListener listener) {
      Watcher watcher = new Watcher(prefix, listener);
      own.add(watcher);
      loop.execute(() -> watcher.start(fromRevision));
      return watcher;
    }

    @Override
    public CompletionStage<LeaseId> grantLease(Duration timeToLive) {
      return read(() -> {
        long id = ++lastLease;
        leases.put(id, new Lease(timeToLive, endAfter(timeToLive, id)));
        return new LeaseId(id);
      });
    }

    @Override
    public CompletionStage<Optional<Duration>> keepAlive(LeaseId id) {
      return read(() -> {
        Lease lease = leases.get(id.value());
        if (lease == null) {
          return Optional.empty();
        }
        lease.timer.cancel();
        lease.timer = endAfter(lease.timeToLive, id.value());
        return Optional.of(lease.timeToLive);
      });
    }

    @Override
    @SuppressWarnings("NullAway") // a Void stage ends with null
    public CompletionStage<Void> revokeLease(LeaseId lease) {
      return read(() -> {
        endLease(lease.value());
        return null;
      });
    }

    @Override
    public CompletionStage<Leadership> campaign(String election, Bytes candidate, LeaseId lease) {
      return later(() -> cut ? refused() : campaignNow(ELECTIONS + election, candidate, lease));
    }

    @Override
    public CompletionStage<Optional<Entry>> leader(String election) {
      return read(() -> keys.current(ELECTIONS + election));
    }

    @Override
    public void close() {
      own.forEach(Watcher::close);
    }

    private <T> CompletionStage<T> read(Supplier<T> answer) {
      return later(() -> cut ? refused() : CompletableFuture.completedStage(answer.get()));
    }

    private <T> CompletionStage<T> refused() {
      return CompletableFuture.failedStage(
          new MetaStoreUnavailable(
              "the metadata store is cut off", new IllegalStateException("cut")));
    }

    private EventLoop.Timer endAfter(Duration timeToLive, long lease) {
      return loop.schedule(timeToLive, () -> endLease(lease));
    }
  }

  private <T> CompletionStage<T> later(Supplier<CompletionStage<T>> work) {
    CompletableFuture<T> answer = new CompletableFuture<>();
    loop.execute(() -> {
      CompletionStage<T> result;
      try {
        result = work.get();
      } catch (MetaStore.RevisionCompacted compacted) {
        result = CompletableFuture.failedStage(compacted);
      }
      result.whenComplete((value, failure) -> {
        boolean _ =
            failure == null ? answer.complete(value) : answer.completeExceptionally(failure);
      });
    });
    return answer;
  }

  private record ArmedFault(CommitFault fault, Predicate<Transaction> which) {}

  private record Candidacy(
      Bytes candidate, LeaseId lease, CompletableFuture<MetaStore.Leadership> won) {
    boolean refuseIfLeaseIs(long ended) {
      return lease.value() == ended
          && won.completeExceptionally(
              new MetaStore.MetaStoreUnavailable(
                  "lease " + ended + " is gone", new IllegalStateException("no lease")));
    }
  }

  private static final class Lease {
    private final Duration timeToLive;
    private final TreeSet<String> keys = new TreeSet<>();
    private EventLoop.Timer timer;

    private Lease(Duration timeToLive, EventLoop.Timer timer) {
      this.timeToLive = timeToLive;
      this.timer = timer;
    }
  }

  private final class Watcher implements MetaStore.Watch {
    private final String prefix;
    private final MetaStore.WatchListener listener;
    private boolean closed;

    private Watcher(String prefix, MetaStore.WatchListener listener) {
      this.prefix = prefix;
      this.listener = listener;
    }

    private void start(long fromRevision) {
      if (fromRevision != 0 && fromRevision < keys.oldest()) {
        listener.lost("revision " + fromRevision + " is compacted");
        return;
      }
      if (fromRevision != 0) {
        keys.changesFrom(fromRevision).forEach((revision, changes) -> tell(changes, revision));
      }
      if (!closed) {
        watchers.add(this);
      }
    }

    private void tell(List<MetaStore.Change> changes, long revision) {
      List<MetaStore.Change> mine =
          changes.stream().filter(change -> change.key().startsWith(prefix)).toList();
      if (!closed && !mine.isEmpty()) {
        listener.changed(mine, revision);
      }
    }

    @Override
    public void close() {
      closed = true;
      loop.execute(() -> watchers.remove(this));
    }
  }
}
