package io.kurve.testkit.metastore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kurve.core.metastore.Bytes;
import io.kurve.core.metastore.Entry;
import io.kurve.core.metastore.MetaStore;
import io.kurve.core.metastore.MetaStore.Change;
import io.kurve.core.metastore.MetaStore.Leadership;
import io.kurve.core.metastore.MetaStore.Page;
import io.kurve.core.metastore.MetaStore.RevisionCompacted;
import io.kurve.core.metastore.MetaStore.WatchListener;
import io.kurve.core.metastore.Outcome;
import io.kurve.core.metastore.Outcome.Applied;
import io.kurve.core.metastore.Outcome.Rejected;
import io.kurve.core.metastore.Transaction;
import io.kurve.core.metastore.Transaction.Absent;
import io.kurve.core.metastore.Transaction.Condition;
import io.kurve.core.metastore.Transaction.CreatedAt;
import io.kurve.core.metastore.Transaction.Delete;
import io.kurve.core.metastore.Transaction.LeaseId;
import io.kurve.core.metastore.Transaction.ModifiedAt;
import io.kurve.core.metastore.Transaction.Put;
import io.kurve.core.metastore.Transaction.Write;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What every metadata store must do: each adapter and each fake runs this suite. */
public abstract class MetaStoreContract {
  private static final Duration LONG = Duration.ofMinutes(10);

  private MetaStore store = unopened();

  /**
   * An empty store that keeps the history of at least this many revisions, and not of ten times
   * more.
   */
  protected abstract MetaStore open(int historyRevisions) throws Exception;

  /** Lets this much time pass for the store's leases. */
  protected abstract void pass(Duration time);

  /** Of the lease whose end is waited for, in steps of six tenths. */
  protected Duration leaseTime() {
    return Duration.ofSeconds(10);
  }

  private static MetaStore unopened() {
    return (MetaStore)
        java.lang.reflect.Proxy.newProxyInstance(
            MetaStore.class.getClassLoader(),
            new Class<?>[] {MetaStore.class},
            (_, method, _) -> {
              throw new IllegalStateException(method.getName() + " before open");
            });
  }

  @BeforeEach
  void openStore() throws Exception {
    store = open(100);
  }

  @AfterEach
  void closeStore() {
    store.close();
  }

  @Test
  void aTransactionWritesAllOrNothing() {
    long first = applied(List.of(), put("a", "1"), put("b", "1"));

    assertThat(commit(List.of(new Absent("a")), put("b", "2"), put("c", "2")))
        .isEqualTo(new Rejected(first));

    assertThat(get("a")).contains(new Entry("a", Bytes.ofText("1"), first, first));
    assertThat(get("b")).contains(new Entry("b", Bytes.ofText("1"), first, first));
    assertThat(get("c")).isEmpty();
  }

  @Test
  void revisionsRiseByOneWithEachWritingTransaction() {
    long first = applied(List.of(), put("a", "1"));
    assertThat(applied(List.of(), put("a", "2"), put("b", "1"))).isEqualTo(first + 1);
    assertThat(applied(List.of())).isEqualTo(first + 1);
    assertThat(applied(List.of(), new Delete("a"))).isEqualTo(first + 2);
  }

  @Test
  void conditionsCompareCreationAndModification() {
    long created = applied(List.of(new Absent("a")), put("a", "1"));
    long modified = applied(List.of(new CreatedAt("a", created)), put("a", "2"));

    assertThat(get("a")).contains(new Entry("a", Bytes.ofText("2"), created, modified));
    assertThat(commit(List.of(new ModifiedAt("a", created)), put("a", "3")))
        .isInstanceOf(Rejected.class);
    assertThat(commit(List.of(new ModifiedAt("a", modified)), put("a", "3")))
        .isInstanceOf(Applied.class);
    assertThat(commit(List.of(new CreatedAt("b", created)), put("a", "4")))
        .isInstanceOf(Rejected.class);

    applied(List.of(), new Delete("a"));
    long again = applied(List.of(new Absent("a")), put("a", "5"));
    assertThat(get("a")).contains(new Entry("a", Bytes.ofText("5"), again, again));
  }

  @Test
  void scansGiveKeysOfThePrefixInOrderPageByPage() {
    applied(List.of(), put("a/2", ""), put("a/1", ""), put("a/3", ""), put("b", ""), put("a", ""));

    Page first = scan("a/", "", 2, 0);
    assertThat(first.entries()).extracting(Entry::key).containsExactly("a/1", "a/2");
    assertThat(first.more()).isTrue();
    Page second = scan("a/", "a/2", 2, first.revision());
    assertThat(second.entries()).extracting(Entry::key).containsExactly("a/3");
    assertThat(second.more()).isFalse();
    assertThat(scan("c", "", 2, 0).entries()).isEmpty();
  }

  @Test
  void pagesOfOneScanShowOneRevision() {
    applied(List.of(), put("a", "old"), put("b", "old"), put("c", "old"));
    Page first = scan("", "", 1, 0);

    applied(List.of(), put("b", "new"), put("d", "new"), new Delete("c"));

    assertThat(scan("", "a", 10, first.revision()).entries())
        .extracting(entry -> entry.key() + "=" + entry.value().toText())
        .containsExactly("b=old", "c=old");
    assertThat(scan("", "a", 10, 0).entries())
        .extracting(entry -> entry.key() + "=" + entry.value().toText())
        .containsExactly("b=new", "d=new");
  }

  @Test
  void rule25CompactionBetweenPagesIsToldNotHidden() {
    long old = applied(List.of(), put("a", "1"), put("b", "1"));
    IntStream.range(0, 1000).forEach(i -> applied(List.of(), put("a", "v" + i)));

    assertThatThrownBy(() -> scan("", "a", 10, old)).isInstanceOf(RevisionCompacted.class);
  }

  @Test
  void aWatchHearsEachChangeOnceInOrder() throws Exception {
    long first = applied(List.of(), put("w/a", "1"));
    Heard heard = new Heard();
    try (MetaStore.Watch _ = store.watch("w/", first, heard)) {
      applied(List.of(), put("w/a", "2"), put("x", "0"));
      applied(List.of(), new Delete("w/a"));

      assertThat(heard.next()).isEqualTo(new Change("w/a", Optional.of(Bytes.ofText("1")), first));
      assertThat(heard.next())
          .isEqualTo(new Change("w/a", Optional.of(Bytes.ofText("2")), first + 1));
      assertThat(heard.next()).isEqualTo(new Change("w/a", Optional.empty(), first + 2));
    }
  }

  @Test
  void aWatchFromNowHearsWhatComes() throws Exception {
    applied(List.of(), put("w/a", "1"));
    Heard heard = new Heard();
    try (MetaStore.Watch _ = store.watch("w/", 0, heard)) {
      long second = applied(List.of(), put("w/a", "2"));
      assertThat(heard.next()).isEqualTo(new Change("w/a", Optional.of(Bytes.ofText("2")), second));
    }
  }

  @Test
  void aWatchFromBeforeTheHistoryIsToldThatItLostChanges() throws Exception {
    long old = applied(List.of(), put("a", "1"));
    IntStream.range(0, 1000).forEach(i -> applied(List.of(), put("a", "v" + i)));

    Heard heard = new Heard();
    try (MetaStore.Watch _ = store.watch("", old, heard)) {
      assertThat(heard.lost.get(10, TimeUnit.SECONDS)).isNotBlank();
    }
  }

  @Test
  void keysDieWithTheirLease() {
    LeaseId lease = await(store.grantLease(leaseTime()));
    Duration step = leaseTime().multipliedBy(6).dividedBy(10);
    applied(List.of(), new Put("mortal", Bytes.ofText("1"), Optional.of(lease)), put("other", "1"));

    pass(step);
    assertThat(await(store.keepAlive(lease))).isPresent();
    pass(step);
    assertThat(get("mortal")).isPresent();
    pass(step);

    assertThat(get("mortal")).isEmpty();
    assertThat(get("other")).isPresent();
    assertThat(await(store.keepAlive(lease))).isEmpty();
  }

  @Test
  void aRevokedLeaseTakesItsKeysAndAcceptsNoMore() {
    LeaseId lease = await(store.grantLease(LONG));
    Put put = new Put("mortal", Bytes.ofText("1"), Optional.of(lease));
    applied(List.of(), put);

    await(store.revokeLease(lease));

    assertThat(get("mortal")).isEmpty();
    assertThat(commit(List.of(), put)).isInstanceOf(Rejected.class);
  }

  @Test
  void oneCandidateLeadsUntilItsLeaseEnds() {
    LeaseId lease1 = await(store.grantLease(LONG));
    LeaseId lease2 = await(store.grantLease(LONG));
    Leadership first = await(store.campaign("mds", Bytes.ofText("one"), lease1));
    CompletableFuture<Leadership> second =
        store.campaign("mds", Bytes.ofText("two"), lease2).toCompletableFuture();

    assertThat(await(store.leader("mds"))).map(Entry::createRevision).contains(first.term());
    assertThat(second).isNotDone();
    await(store.revokeLease(lease1));

    Leadership next = await(second);
    assertThat(next.term()).isGreaterThan(first.term());
    assertThat(await(store.leader("mds"))).map(e -> e.value().toText()).contains("two");
  }

  @Test
  void rule25ADeposedLeaderWritesNothing() {
    LeaseId lease = await(store.grantLease(LONG));
    Leadership leadership = await(store.campaign("mds", Bytes.ofText("one"), lease));
    Condition leading = new CreatedAt(leadership.key(), leadership.term());
    applied(List.of(leading), put("a", "1"));

    await(store.revokeLease(lease));

    assertThat(commit(List.of(leading), put("a", "2"))).isInstanceOf(Rejected.class);
    assertThat(get("a")).map(entry -> entry.value().toText()).contains("1");
  }

  @Test
  void concurrentTransactionsHappenOneAfterTheOther() {
    List<CompletionStage<Outcome>> ends = new ArrayList<>();
    for (int i = 0; i < 200; i++) {
      ends.add(
          store.commit(new Transaction(List.of(new Absent("one")), List.of(put("one", "" + i)))));
    }
    assertThat(ends.stream().map(this::await).filter(Applied.class::isInstance)).hasSize(1);
  }

  private static Put put(String key, String value) {
    return new Put(key, Bytes.ofText(value));
  }

  private Outcome commit(List<Condition> conditions, Write... writes) {
    return await(store.commit(new Transaction(conditions, List.of(writes))));
  }

  private long applied(List<Condition> conditions, Write... writes) {
    Outcome outcome = commit(conditions, writes);
    assertThat(outcome).isInstanceOf(Applied.class);
    return ((Applied) outcome).revision();
  }

  private Optional<Entry> get(String key) {
    return await(store.get(key));
  }

  private Page scan(String prefix, String after, int limit, long atRevision) {
    return await(store.scan(prefix, after, limit, atRevision));
  }

  /** Waits for a stage, at most ten seconds; what it ended with is thrown as it is. */
  protected <T> T await(CompletionStage<T> stage) {
    try {
      return stage.toCompletableFuture().orTimeout(10, TimeUnit.SECONDS).join();
    } catch (CompletionException e) {
      throw e.getCause() instanceof RuntimeException cause ? cause : e;
    }
  }

  private static final class Heard implements WatchListener {
    final BlockingQueue<Change> changes = new LinkedBlockingQueue<>();
    final CompletableFuture<String> lost = new CompletableFuture<>();

    @Override
    public void changed(List<Change> heard, long revision) {
      changes.addAll(heard);
    }

    @Override
    public void lost(String why) {
      lost.complete(why);
    }

    Change next() throws InterruptedException {
      Change change = changes.poll(10, TimeUnit.SECONDS);
      if (change == null) {
        throw new AssertionError("heard of no change");
      }
      return change;
    }
  }
}
