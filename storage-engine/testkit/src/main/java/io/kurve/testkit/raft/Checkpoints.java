package io.kurve.testkit.raft;

import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.log.LogPosition;
import io.kurve.core.log.ReplicaStatus.Role;
import io.kurve.core.log.ReplicatedStateMachine;
import io.kurve.core.log.ReplicatedStateMachine.Checkpoint;
import io.kurve.core.log.ReplicatedStateMachine.CheckpointImage;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** Checkpoints of a replica, after which the log is dropped; and installs of others'. */
final class Checkpoints {
  private final Site site;
  private final Standing standing;
  private final ReplicatedStateMachine<?> machine;
  private final Replication replication;
  private final SimReplicatedLog<?> replica;
  private boolean underWay;
  private long lastIndex;

  Checkpoints(
      Site site,
      Standing standing,
      ReplicatedStateMachine<?> machine,
      Replication replication,
      SimReplicatedLog<?> replica) {
    this.site = site;
    this.standing = standing;
    this.machine = machine;
    this.replication = replication;
    this.replica = replica;
  }

  Checkpoint newest() {
    return machine.restored();
  }

  CompletionStage<LogPosition> take() {
    CompletableFuture<LogPosition> done = new CompletableFuture<>();
    Roster roster = standing.log().rosterAt(standing.appliedIndex());
    if (standing.isClosed()
        || underWay
        || roster.isJoint()
        || standing.is(Role.INSTALLING)
        || !machine.mayVote()) {
      done.completeExceptionally(
          new KurveException(ErrorCode.UNAVAILABLE, "no checkpoint now", "later"));
      return done;
    }
    underWay = true;
    CheckpointImage image = machine.capture(roster.membership());
    site.soon(20_000_000, () -> persist(image, done));
    return done;
  }

  private void persist(CheckpointImage image, CompletableFuture<LogPosition> done) {
    underWay = false;
    try {
      image.persist();
    } catch (IOException e) {
      done.completeExceptionally(e);
      return;
    }
    LogPosition at = image.checkpoint().at();
    long drop = droppedBy(at.index());
    if (drop > standing.log().base().index() && !standing.is(Role.INSTALLING)) {
      standing.log().dropThrough(drop);
    }
    done.complete(at);
  }

  /** The log before the checkpoint before, or all of it when nothing has come since. */
  private long droppedBy(long checkpointIndex) {
    long before = lastIndex;
    lastIndex = checkpointIndex;
    return site.raft().happens(site.raft().nastiness().dropsEarly())
        ? Math.min(checkpointIndex, standing.appliedIndex()) - site.random().nextInt(4)
        : Math.min(before, standing.appliedIndex());
  }

  /** The leader has dropped what this replica lacks. */
  void wanted(Replication.Append question, Checkpoint newest) {
    if (question.term() < standing.term()) {
      replication.answer(question, false, 0);
      return;
    }
    replica.hear(question.term(), question.from());
    if (standing.is(Role.INSTALLING) || !site.logs().confirmed()) {
      return;
    }
    if (machine.mayVote() && newest.at().index() <= standing.commitIndex()) {
      replication.answer(question, true, standing.safeIndex());
      return;
    }
    LogTail log = standing.log();
    log.sync();
    standing.role(Role.INSTALLING);
    // Nothing older than where the own log begins: what it held since was acknowledged.
    Checkpoint wanted =
        newest.at().index() >= log.base().index()
            ? newest
            : new Checkpoint(log.base(), newest.membership());
    site.trace("installs " + site.copyset() + " at " + wanted.at().index());
    site.process().fiber(site.loop(), "install", () -> install(question.from(), wanted));
  }

  private void install(ReplicaId source, Checkpoint wanted) {
    try {
      Checkpoint installed = machine.install(source, wanted);
      LogPosition at = installed.at();
      standing.log().beginAfter(at, installed.membership());
      standing.committed(at.index());
      standing.applied(at.index());
      site.raft().installed();
      site.trace("has installed " + site.copyset() + " at " + at.index());
    } catch (IOException | KurveException e) {
      site.trace("could not install " + site.copyset() + ": " + e);
    } catch (InterruptedException e) {
      throw new AssertionError("nobody interrupts a simulation", e);
    }
    standing.role(Role.FOLLOWER);
    standing.heardNow();
  }
}
