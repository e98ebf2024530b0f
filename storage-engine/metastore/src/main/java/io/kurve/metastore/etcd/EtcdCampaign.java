package io.kurve.metastore.etcd;

import io.kurve.core.metastore.MetaStore.Change;
import io.kurve.core.metastore.MetaStore.Leadership;
import io.kurve.core.metastore.MetaStore.MetaStoreUnavailable;
import io.kurve.core.metastore.MetaStore.Watch;
import io.kurve.core.metastore.MetaStore.WatchListener;
import io.kurve.metastore.etcd.v3.KVGrpc;
import io.kurve.metastore.etcd.v3.RangeResponse;
import io.kurve.metastore.etcd.v3.TxnRequest;
import io.kurve.metastore.etcd.v3.TxnResponse;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * A candidate's wait. Its key is there already; it leads when no older one is. Own key and oldest
 * one are read in one transaction, so that nobody leads whose lease ended while he waited.
 *
 * <pre>
 *   read own and oldest -- own is gone ----> failed
 *        ^       |     +-- own is oldest --> leads
 *        |       | another is older
 *        +-- watch from that revision on, until a key is gone
 * </pre>
 */
final class EtcdCampaign {
  private final EtcdMembers members;
  private final EtcdKeys keys;
  private final Watcher watcher;
  private final String prefix;
  private final String key;
  private final CompletableFuture<Leadership> leadership = new CompletableFuture<>();

  interface Watcher {
    Watch watch(String prefix, long fromRevision, WatchListener listener);
  }

  EtcdCampaign(EtcdMembers members, EtcdKeys keys, Watcher watcher, String prefix, String key) {
    this.members = members;
    this.keys = keys;
    this.watcher = watcher;
    this.prefix = prefix;
    this.key = key;
  }

  CompletableFuture<Leadership> run() {
    look();
    return leadership;
  }

  private void look() {
    TxnRequest both =
        TxnRequest.newBuilder()
            .addSuccess(keys.read(keys.one(key)))
            .addSuccess(keys.read(keys.oldest(prefix)))
            .build();
    var _ =
        members
            .call(KVGrpc.getTxnMethod(), both)
            .whenComplete((answer, thrown) -> {
              if (answer == null) {
                fail("etcd did not tell who leads", EtcdMembers.cause(thrown));
              } else {
                decide(answer);
              }
            });
  }

  private void decide(TxnResponse answer) {
    RangeResponse own = answer.getResponses(0).getResponseRange();
    RangeResponse oldest = answer.getResponses(1).getResponseRange();
    if (own.getKvsCount() == 0) {
      fail("the candidate's lease ended", new IllegalStateException(key + " is gone"));
    } else if (oldest.getKvs(0).getKey().equals(own.getKvs(0).getKey())) {
      leadership.complete(new Leadership(key, own.getKvs(0).getCreateRevision()));
    } else {
      await(answer.getHeader().getRevision() + 1);
    }
  }

  private void await(long fromRevision) {
    Wait wait = new Wait();
    Watch watch = watcher.watch(prefix, fromRevision, wait);
    var _ = wait.over.thenRun(watch::close);
  }

  private void fail(String why, @Nullable Throwable cause) {
    leadership.completeExceptionally(
        new MetaStoreUnavailable(
            why, cause == null ? new IllegalStateException("no answer") : cause));
  }

  private final class Wait implements WatchListener {
    final CompletableFuture<Void> over = new CompletableFuture<>();
    private final AtomicBoolean looked = new AtomicBoolean();

    @Override
    public void changed(List<Change> changes, long revision) {
      if (changes.stream().anyMatch(change -> change.value().isEmpty())) {
        end();
      }
    }

    @Override
    public void lost(String why) {
      end();
    }

    private void end() {
      if (looked.compareAndSet(false, true)) {
        over.complete(null);
        look();
      }
    }
  }
}
