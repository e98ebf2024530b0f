package io.kurve.metastore.etcd;

import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.Status;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.StreamObserver;
import io.kurve.core.metastore.MetaStore.Change;
import io.kurve.core.metastore.MetaStore.Watch;
import io.kurve.core.metastore.MetaStore.WatchListener;
import io.kurve.core.time.RandomSource;
import io.kurve.metastore.etcd.v3.WatchGrpc;
import io.kurve.metastore.etcd.v3.WatchRequest;
import io.kurve.metastore.etcd.v3.WatchResponse;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A watch that outlives its streams.
 *
 * <pre>
 *             opened            created                events
 *   (new) -----------> WAITING ---------> LISTENING <---------+
 *                         ^                   |   +-----------+   next = last told + 1
 *                         |   stream broke    |
 *                         +---- pause --------+    from next on: nothing twice, nothing left out
 *
 *   canceled by etcd (compacted, not permitted), or from now on and never created: LOST
 * </pre>
 *
 * One stream is alive at a time and gRPC tells of it on one thread at a time. A revision's events
 * are all in one message, for no fragments are asked for.
 */
final class EtcdWatch implements Watch {
  private static final Logger LOG = LoggerFactory.getLogger(EtcdWatch.class);

  private final EtcdMembers members;
  private final EtcdKeys keys;
  private final String prefix;
  private final Duration createTimeout;
  private final RandomSource random;
  private final WatchListener listener;
  private final CompletableFuture<Void> begun = new CompletableFuture<>();
  private long next;
  private boolean ended;
  private @Nullable ClientCall<WatchRequest, WatchResponse> call;

  EtcdWatch(
      EtcdMembers members,
      EtcdKeys keys,
      String prefix,
      long fromRevision,
      EtcdMetaStore.Pace pace,
      WatchListener listener) {
    this.members = members;
    this.keys = keys;
    this.prefix = prefix;
    this.next = fromRevision;
    this.createTimeout = pace.callTimeout();
    this.random = pace.random();
    this.listener = listener;
  }

  /** Ends, and always well, when the watch hears of what happens from now on, or is lost. */
  CompletableFuture<Void> begun() {
    return begun;
  }

  void open() {
    if (isEnded()) {
      return;
    }
    var _ =
        members.stream()
            .whenComplete((stream, thrown) -> {
              if (stream == null) {
                again(thrown);
              } else {
                open(stream);
              }
            });
  }

  private void open(EtcdMembers.Stream stream) {
    ClientCall<WatchRequest, WatchResponse> opened =
        stream.channel().newCall(WatchGrpc.getWatchMethod(), CallOptions.DEFAULT);
    CompletableFuture<Void> created = new CompletableFuture<>();
    long from;
    synchronized (this) {
      if (ended) {
        return;
      }
      call = opened;
      from = next;
    }
    StreamObserver<WatchRequest> requests =
        ClientCalls.asyncBidiStreamingCall(opened, new Responses(stream, created));
    requests.onNext(keys.watch(prefix, from));
    var _ =
        created
            .orTimeout(createTimeout.toNanos(), TimeUnit.NANOSECONDS)
            .exceptionally(_ -> {
              opened.cancel("etcd did not create the watch in time", null);
              return null;
            });
  }

  private synchronized boolean isEnded() {
    return ended;
  }

  private void again(@Nullable Throwable why) {
    boolean fromNow;
    synchronized (this) {
      if (ended) {
        return;
      }
      // Where "now" was is not known: what came since would be left out.
      fromNow = next == 0;
    }
    if (fromNow || members.isClosed()) {
      lost("etcd does not answer: " + why);
      return;
    }
    LOG.info("the watch of {} goes on from another stream: {}", prefix, String.valueOf(why));
    long pauseMillis = 100 + random.nextLong(200);
    CompletableFuture.delayedExecutor(pauseMillis, TimeUnit.MILLISECONDS, members::execute)
        .execute(this::open);
  }

  private void lost(String why) {
    synchronized (this) {
      if (ended) {
        return;
      }
      ended = true;
    }
    listener.lost(why);
    begun.complete(null);
  }

  private void heard(WatchResponse response) {
    List<Change> changes = response.getEventsList().stream().map(keys::change).toList();
    long last = changes.isEmpty() ? 0 : changes.getLast().revision();
    synchronized (this) {
      if (ended) {
        return;
      }
      if (response.getCreated() && next == 0) {
        next = response.getHeader().getRevision() + 1;
      }
      next = Math.max(next, last + 1);
    }
    if (response.getCreated()) {
      begun.complete(null);
    }
    if (!changes.isEmpty()) {
      listener.changed(changes, last);
    }
  }

  @Override
  public void close() {
    ClientCall<WatchRequest, WatchResponse> open;
    synchronized (this) {
      ended = true;
      open = call;
    }
    begun.complete(null);
    if (open != null) {
      open.cancel("the watch was closed", null);
    }
  }

  private final class Responses implements StreamObserver<WatchResponse> {
    private final EtcdMembers.Stream stream;
    private final CompletableFuture<Void> created;

    Responses(EtcdMembers.Stream stream, CompletableFuture<Void> created) {
      this.stream = stream;
      this.created = created;
    }

    @Override
    public void onNext(WatchResponse response) {
      created.complete(null);
      if (!response.getCanceled()) {
        heard(response);
        return;
      }
      lost(
          response.getCompactRevision() == 0
              ? "etcd canceled the watch: " + response.getCancelReason()
              : "it began before revision "
                  + response.getCompactRevision()
                  + ", the oldest that is not compacted");
      close();
    }

    @Override
    public void onError(Throwable thrown) {
      created.complete(null);
      if (!isEnded()) {
        members.broken(stream);
        again(thrown);
      }
    }

    @Override
    public void onCompleted() {
      onError(Status.UNAVAILABLE.withDescription("the stream ended").asRuntimeException());
    }
  }
}
