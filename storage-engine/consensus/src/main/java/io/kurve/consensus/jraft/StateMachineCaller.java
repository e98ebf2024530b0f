package io.kurve.consensus.jraft;

import com.alipay.sofa.jraft.Closure;
import com.alipay.sofa.jraft.Iterator;
import com.alipay.sofa.jraft.Status;
import com.alipay.sofa.jraft.core.StateMachineAdapter;
import com.alipay.sofa.jraft.entity.LeaderChangeContext;
import com.alipay.sofa.jraft.entity.RaftOutter.SnapshotMeta;
import com.alipay.sofa.jraft.error.RaftError;
import com.alipay.sofa.jraft.error.RaftException;
import com.alipay.sofa.jraft.storage.snapshot.SnapshotReader;
import com.alipay.sofa.jraft.storage.snapshot.SnapshotWriter;
import io.kurve.consensus.wal.LogRecord;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.log.LogPosition;
import io.kurve.core.log.Membership;
import io.kurve.core.log.ReplicatedStateMachine.Checkpoint;
import io.kurve.core.log.ReplicatedStateMachine.CheckpointImage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;

/**
 * Calls the state machine in log order. jraft calls here on one thread of the replica's own.
 *
 * <p>The {@code gate} is held around each call. It is free but for two cases:
 *
 * <ul>
 *   <li>An install replaces the state on a thread of its own and holds the gate all the while, so
 *       nothing is applied beside it (rule 12). It waits for nothing that this thread does. jraft
 *       takes no new entries meanwhile, so what queues up behind the gate is bounded. Entries that
 *       the installed state already contains are skipped afterwards.
 *   <li>jraft does not tell state machines of its own entries (a new leader's first one, changes of
 *       membership). They are found in the log between two data entries, and passed on before the
 *       next one; when nothing follows them, a later message of the leader's passes them on, or the
 *       end of the change.
 * </ul>
 */
final class StateMachineCaller<R> extends StateMachineAdapter {
  /** The replica's own disk is behind the majority's by this much: it will not come back. */
  private static final Duration DURABLE_DEADLINE = Duration.ofSeconds(120);

  /** An entry that is the log's own, as those of jraft's are. */
  static final ByteBuffer NOTHING = ByteBuffer.allocate(0).asReadOnlyBuffer();

  private final JraftReplica<R> replica;
  private final ReentrantLock gate = new ReentrantLock();
  private volatile long applied;
  private Membership membership;
  private boolean leading;
  private volatile long leadingTerm;

  StateMachineCaller(JraftReplica<R> replica, Checkpoint restored, Membership initial) {
    this.replica = replica;
    this.applied = restored.at().index();
    this.membership = applied == 0 ? initial : restored.membership();
  }

  /** The last entry that was passed on. */
  long applied() {
    return applied;
  }

  /** The term that the state machine was told to lead in; 0 when it does not. */
  long leadingTerm() {
    return leadingTerm;
  }

  @Override
  public void onApply(Iterator entries) {
    try {
      while (entries.hasNext()) {
        LogPosition at = new LogPosition(entries.getTerm(), entries.getIndex());
        awaitDurable(at.index(), () -> replica.isDurable(at));
        apply(at, entries);
        entries.next();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(replica.name() + " was interrupted while applying", e);
    } catch (RuntimeException | Error e) {
      if (replica.isClosed()) {
        throw e;
      }
      if (e instanceof KurveException own && concernsThisReplicaOnly(own)) {
        // The entry stays unapplied: this replica does nothing more, the others go on.
        replica.failed(own.oneLine());
        entries.setErrorAndRollback(1, new Status(RaftError.ESTATEMACHINE, "%s", own.oneLine()));
        return;
      }
      // jraft would go on without this entry.
      throw replica.faults().halt(replica.name() + ": a committed entry could not be applied", e);
    }
  }

  private static boolean concernsThisReplicaOnly(KurveException e) {
    return e.code() == ErrorCode.BAD_STORE || e.code() == ErrorCode.NO_SPACE;
  }

  private void apply(LogPosition at, Iterator entries) {
    if (!entries.getData().hasRemaining()) {
      applyNothing(at);
      return;
    }
    @SuppressWarnings("unchecked") // the only closures that come with data entries
    ProposalClosure<R> proposal = (ProposalClosure<R>) entries.done();
    R reply;
    gate.lock();
    try {
      if (at.index() <= applied) {
        if (proposal != null) {
          proposal.abandoned();
        }
        return;
      }
      advance(at.index() - 1);
      reply = replica.stateMachine().apply(at, entries.getData().slice());
      applied = at.index();
    } finally {
      gate.unlock();
    }
    if (proposal != null) {
      proposal.applied(at, reply);
    }
  }

  private void applyNothing(LogPosition at) {
    gate.lock();
    try {
      if (at.index() > applied) {
        advance(at.index() - 1);
        replica.stateMachine().advance(at, membership);
        applied = at.index();
      }
    } finally {
      gate.unlock();
    }
  }

  /**
   * A change of the members has ended here, on the leader, which no message tells so. jraft calls
   * {@code onConfigurationCommitted} for the joint entry only.
   */
  void membersChanged() {
    if (leadingTerm == 0) {
      return;
    }
    long committed = replica.committed();
    try {
      // The others may have it before this one.
      awaitDurable(committed, () -> replica.durable().get() >= committed);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return;
    }
    gate.lock();
    try {
      advance(committed);
    } finally {
      gate.unlock();
    }
  }

  private void awaitDurable(long index, BooleanSupplier isDurable) throws InterruptedException {
    if (!replica.durable().await(isDurable, DURABLE_DEADLINE)) {
      if (replica.isClosed()) {
        throw new IllegalStateException(replica.name() + " closed while applying");
      }
      throw new IllegalStateException(
          replica.name() + ": entry " + index + " is committed, but not durable here");
    }
  }

  /**
   * Passes on jraft's own entries up to an index; under the gate.
   *
   * @param upTo what is durable up to here is what was committed
   */
  @SuppressWarnings("NonAtomicVolatileUpdate")
  private void advance(long upTo) {
    while (applied < upTo) {
      Optional<LogRecord> record = replica.log().read(applied + 1);
      if (record.isEmpty() || record.get().kind() == LogRecord.Kind.DATA) {
        return;
      }
      if (record.get().kind() == LogRecord.Kind.CONFIGURATION) {
        membership = GroupConfiguration.decode(record.get().payload()).membership();
      }
      replica
          .stateMachine()
          .advance(new LogPosition(record.get().term(), record.get().index()), membership);
      applied++;
    }
  }

  /**
   * Everything up to here is durable and was applied by jraft; what the state machine has not seen
   * of it are jraft's own entries. Reads the log; does not wait for an apply or an install.
   */
  void passOn(long upTo) {
    if (gate.tryLock()) {
      try {
        advance(upTo);
      } finally {
        gate.unlock();
      }
    }
  }

  @Override
  public void onLeaderStart(long term) {
    if (replica.lease().surrendered(term)) {
      // A transfer that failed: the term has no lease any more, so it can't go on.
      replica.stepDown(term);
      return;
    }
    long committed = replica.committed();
    try {
      awaitDurable(committed, () -> replica.durable().get() >= committed);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return;
    }
    gate.lock();
    try {
      advance(committed);
      leading = true;
      replica.stateMachine().leading(term);
    } finally {
      gate.unlock();
    }
    leadingTerm = term;
    replica.leads();
  }

  @Override
  public void onLeaderStop(Status status) {
    stopLeading();
  }

  @Override
  public void onStartFollowing(LeaderChangeContext context) {
    replica.follows(PeerNames.replica(context.getLeaderId()));
  }

  @Override
  public void onShutdown() {
    stopLeading();
  }

  private void stopLeading() {
    leadingTerm = 0;
    gate.lock();
    try {
      if (leading) {
        leading = false;
        replica.stateMachine().notLeading();
      }
    } finally {
      gate.unlock();
    }
  }

  @Override
  public void onError(RaftException error) {
    stopLeading();
    replica.failed(error.getStatus().toString());
    boolean storage =
        switch (error.getType()) {
          case ERROR_TYPE_LOG, ERROR_TYPE_STABLE, ERROR_TYPE_META -> true;
          case ERROR_TYPE_NONE, ERROR_TYPE_SNAPSHOT, ERROR_TYPE_STATE_MACHINE -> false;
        };
    if (storage && !replica.isClosed()) {
      throw replica.faults().halt(replica.name() + ": " + error.getStatus(), error);
    }
  }

  @Override
  public void onSnapshotSave(SnapshotWriter writer, Closure done) {
    SnapshotMeta meta = writer.getCurrentMeta();
    if (meta.getOldPeersCount() > 0) {
      done.run(new Status(RaftError.ECANCELED, "the membership is changing"));
      return;
    }
    LogPosition at = new LogPosition(meta.getLastIncludedTerm(), meta.getLastIncludedIndex());
    CheckpointImage image;
    gate.lock();
    try {
      if (replica.isDurable(at)) {
        advance(at.index());
      }
      image = replica.stateMachine().capture(CheckpointMeta.decode(meta).membership());
    } finally {
      gate.unlock();
    }
    if (image.checkpoint().at().index() != meta.getLastIncludedIndex()) {
      done.run(
          new Status(
              RaftError.ECANCELED,
              "the state stands at %s, not at %d",
              image.checkpoint().at(),
              meta.getLastIncludedIndex()));
      return;
    }
    replica.persistenceExecutor().execute(() -> persist(image, done));
  }

  private void persist(CheckpointImage image, Closure done) {
    try {
      image.persist();
    } catch (IOException e) {
      // Who wrote it has halted if the disk is to blame; the log stays.
      done.run(new Status(RaftError.ECANCELED, "%s", String.valueOf(e.getMessage())));
      return;
    }
    replica.checkpoints().saved(image.checkpoint());
    done.run(Status.OK());
  }

  /** At start, and after an install. */
  @Override
  public boolean onSnapshotLoad(SnapshotReader reader) {
    Checkpoint loaded = ((CheckpointReader) reader).checkpoint();
    gate.lock();
    try {
      standAt(loaded);
    } finally {
      gate.unlock();
    }
    return true;
  }

  Checkpoint install(ReplicaId leader, Checkpoint wanted) throws IOException, InterruptedException {
    gate.lockInterruptibly();
    try {
      replica.installing(true);
      Checkpoint installed = replica.stateMachine().install(leader, wanted);
      standAt(installed);
      return installed;
    } catch (RuntimeException | Error e) {
      if (replica.isClosed()) {
        throw e;
      }
      throw replica.faults().halt(replica.name() + ": the install broke off", e);
    } finally {
      replica.installing(false);
      gate.unlock();
    }
  }

  private void standAt(Checkpoint checkpoint) {
    replica.stoodAt(checkpoint);
    if (checkpoint.at().index() > applied) {
      applied = checkpoint.at().index();
      membership = checkpoint.membership();
    }
  }
}
