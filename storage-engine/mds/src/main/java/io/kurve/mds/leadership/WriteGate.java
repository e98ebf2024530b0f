package io.kurve.mds.leadership;

import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.metastore.Bytes;
import io.kurve.core.metastore.MetaStore;
import io.kurve.core.metastore.Outcome;
import io.kurve.core.metastore.Transaction;
import io.kurve.core.time.EventLoop;
import io.kurve.mds.record.Keys;
import io.kurve.mds.record.RecordCodec;
import io.kurve.mds.state.Change;
import io.kurve.mds.state.Image;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one place through which the MDS writes.
 *
 * <pre>
 *   request -> queue -> decide (pure, on the image) -> commit -> replay into the image -> reply
 *
 *               load()                    all read             a decision with changes
 *   (new) ---------------> LOADING ------------------> READY -----------------------> COMMITTING
 *                             ^                          ^                              |  |  |
 *                             |                          +---------- Applied -----------+  |  |
 *                             +------------------------- Unknown --------------------------+  |
 *   ENDED  <------------------------------------------- Rejected -----------------------------+
 * </pre>
 *
 * <p>One transaction is under way at a time, so each decision sees all before it. Every transaction
 * has two conditions: the leader's key still has this leader's term, and the gate's key has not
 * been rewritten. After an unknown outcome nothing is answered: the gate's key is rewritten, which
 * shuts out the transaction should it still be under way; then all is read anew and the request is
 * decided anew on what is really there. That is why every decision must be idempotent.
 */
public final class WriteGate {
  private static final Logger LOG = LoggerFactory.getLogger(WriteGate.class);
  private static final int MAX_QUEUED = 8192;
  private static final int MAX_DECISIONS = 4;
  private static final Duration RETRY = Duration.ofMillis(200);

  private final EventLoop loop;
  private final MetaStore store;
  private final MetaStore.Leadership leadership;
  private final Image image;
  private final Duration commitDeadline;
  private final Listener listener;
  private final Deque<Request> queue = new ArrayDeque<>();
  private Phase phase = Phase.LOADING;
  private long gateRevision;
  private int attempt;
  private @Nullable Request committing;
  private @Nullable KurveException end;

  public WriteGate(
      EventLoop loop,
      MetaStore store,
      MetaStore.Leadership leadership,
      Image image,
      Duration commitDeadline,
      Listener listener) {
    this.loop = loop;
    this.store = store;
    this.leadership = leadership;
    this.image = image;
    this.commitDeadline = commitDeadline;
    this.listener = listener;
  }

  /** Called on the loop. */
  public interface Listener {
    /** The image has been read, for the first time or anew. */
    void loaded();

    /** The leader's key is another's. */
    void deposed(String why);

    /** What is stored can't be used. */
    void unusable(KurveException why);
  }

  private enum Phase {
    LOADING,
    READY,
    COMMITTING,
    ENDED
  }

  /** Reads everything; requests wait until it is there. */
  public void load() {
    phase = Phase.LOADING;
    int mine = ++attempt;
    Transaction barrier =
        new Transaction(
            List.of(new Transaction.CreatedAt(leadership.key(), leadership.term())),
            List.of(
                new Transaction.Put(Keys.GATE, Bytes.ofText(Long.toString(leadership.term())))));
    commit(
        barrier,
        mine,
        outcome -> {
          switch (outcome) {
            case Outcome.Applied applied -> {
              gateRevision = applied.revision();
              readAll();
            }
            case Outcome.Rejected _ -> listener.deposed("the leader's key is another's");
            case Outcome.Unknown unknown -> loadLater(unknown.why());
          }
        });
  }

  /**
   * Decides, commits and replies. A {@link KurveException} out of the decision is the answer.
   *
   * @param decide may run more than once; changes nothing but by what it returns
   */
  public <R> CompletionStage<R> write(Supplier<Decision<R>> decide) {
    return enqueue(new Write<>(decide, new CompletableFuture<>(), 1));
  }

  /** Answers from the image, at once unless it is being read. */
  public <R> CompletionStage<R> read(Supplier<R> read) {
    Read<R> request = new Read<>(read, new CompletableFuture<>());
    if (phase == Phase.READY || phase == Phase.COMMITTING) {
      request.run();
      return request.answer();
    }
    return enqueue(request);
  }

  /** Nobody gets any other answer from now on. */
  public void end(KurveException why) {
    if (phase == Phase.ENDED) {
      return;
    }
    phase = Phase.ENDED;
    end = why;
    attempt++;
    List<Request> left = List.copyOf(queue);
    queue.clear();
    left.forEach(request -> request.fail(why));
    if (committing != null) {
      committing.fail(
          new KurveException(
              ErrorCode.UNKNOWN_OUTCOME,
              "the leadership ended before the metadata store answered: " + why.text(),
              "ask the leader again with the same id"));
    }
  }

  public boolean ended() {
    return phase == Phase.ENDED;
  }

  private <R> CompletionStage<R> enqueue(Asked<R> request) {
    if (end != null) {
      request.fail(end);
    } else if (queue.size() >= MAX_QUEUED) {
      request.fail(
          new KurveException(
              ErrorCode.OVERLOAD, MAX_QUEUED + " requests wait at the MDS", "try again later"));
    } else {
      queue.add(request);
      pump();
    }
    return request.answer();
  }

  private void pump() {
    while (phase == Phase.READY && !queue.isEmpty()) {
      switch (queue.remove()) {
        case Read<?> read -> read.run();
        case Write<?> write -> decide(write);
      }
    }
  }

  private <R> void decide(Write<R> write) {
    Decision<R> decision;
    try {
      decision = write.decide().get();
    } catch (KurveException refusal) {
      write.fail(refusal);
      return;
    }
    if (decision.changes().isEmpty()) {
      write.answer().complete(decision.reply().get());
      return;
    }
    phase = Phase.COMMITTING;
    committing = write;
    int mine = ++attempt;
    commit(transaction(decision.changes()), mine, outcome -> concluded(write, decision, outcome));
  }

  private <R> void concluded(Write<R> write, Decision<R> decision, Outcome outcome) {
    committing = null;
    switch (outcome) {
      case Outcome.Applied applied -> {
        decision.changes().forEach(change -> image.replay(change, applied.revision()));
        phase = Phase.READY;
        write.answer().complete(decision.reply().get());
        pump();
      }
      case Outcome.Rejected _ -> {
        write.fail(notLeader());
        listener.deposed("a transaction was rejected: the leader's key is another's");
      }
      case Outcome.Unknown unknown -> {
        LOG.warn("a transaction's outcome is unknown, reading everything anew: {}", unknown.why());
        if (write.decisions() == MAX_DECISIONS) {
          write.fail(
              new KurveException(
                  ErrorCode.UNKNOWN_OUTCOME,
                  "the metadata store did not say what became of the request: " + unknown.why(),
                  "ask again with the same id"));
        } else {
          queue.addFirst(new Write<>(write.decide(), write.answer(), write.decisions() + 1));
        }
        load();
      }
    }
  }

  private Transaction transaction(List<Change> changes) {
    List<Transaction.Write> writes = new ArrayList<>();
    for (Change change : changes) {
      switch (change) {
        case Change.Put put ->
            writes.add(new Transaction.Put(put.record().key(), RecordCodec.encode(put.record())));
        case Change.Remove remove -> writes.add(new Transaction.Delete(remove.record().key()));
      }
    }
    return new Transaction(
        List.of(
            new Transaction.CreatedAt(leadership.key(), leadership.term()),
            new Transaction.ModifiedAt(Keys.GATE, gateRevision)),
        writes);
  }

  /** Hands on the outcome, on the loop, once; Unknown when it takes too long. */
  private void commit(Transaction transaction, int mine, Consumer<Outcome> concluded) {
    EventLoop.Timer deadline =
        loop.schedule(
            commitDeadline,
            () -> conclude(mine, new Outcome.Unknown("no answer in " + commitDeadline), concluded));
    var _ =
        store
            .commit(transaction)
            .whenComplete((outcome, failure) ->
                loop.execute(() -> {
                  deadline.cancel();
                  conclude(
                      mine,
                      failure == null ? outcome : new Outcome.Unknown(String.valueOf(failure)),
                      concluded);
                }));
  }

  private void conclude(int mine, Outcome outcome, Consumer<Outcome> concluded) {
    if (mine == attempt) {
      attempt++;
      concluded.accept(outcome);
    }
  }

  private void readAll() {
    int mine = ++attempt;
    var _ =
        ImageReader.read(store, loop, gateRevision)
            .whenComplete((contents, failure) -> {
              if (mine != attempt) {
                return;
              }
              if (contents != null) {
                install(contents);
              } else if (failure instanceof KurveException damaged) {
                listener.unusable(damaged);
              } else {
                loadLater(String.valueOf(failure));
              }
            });
  }

  private void install(ImageReader.Contents contents) {
    image.clear();
    contents
        .records()
        .forEach(found -> image.replay(new Change.Put(found.record()), found.revision()));
    image.reached(contents.revision());
    if (image.cluster().isEmpty()) {
      listener.unusable(
          new KurveException(
              ErrorCode.REFUSED,
              "the metadata store has no cluster in it",
              "if this is a new cluster, bootstrap it; if not, its metadata store is lost or"
                  + " another's: restore it, never bootstrap"));
      return;
    }
    phase = Phase.READY;
    listener.loaded();
    pump();
  }

  private void loadLater(String why) {
    int mine = ++attempt;
    LOG.warn("the metadata store could not be read, trying again: {}", why);
    EventLoop.Timer _ =
        loop.schedule(
            RETRY,
            () -> {
              if (mine == attempt) {
                load();
              }
            });
  }

  private KurveException notLeader() {
    return new KurveException(
        ErrorCode.NOT_LEADER, "this MDS is not the leader any more", "ask the leader");
  }

  private sealed interface Request {
    void fail(KurveException why);
  }

  private sealed interface Asked<R> extends Request {
    CompletableFuture<R> answer();

    @Override
    default void fail(KurveException why) {
      boolean _ = answer().completeExceptionally(why);
    }
  }

  private record Write<R>(Supplier<Decision<R>> decide, CompletableFuture<R> answer, int decisions)
      implements Asked<R> {}

  private record Read<R>(Supplier<R> read, CompletableFuture<R> answer) implements Asked<R> {
    void run() {
      try {
        answer.complete(read.get());
      } catch (KurveException refusal) {
        fail(refusal);
      }
    }
  }
}
