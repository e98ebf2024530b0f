package io.kurve.chunkserver.service;

import io.kurve.chunkserver.copyset.CatchUp;
import io.kurve.chunkserver.copyset.CommandCodec;
import io.kurve.chunkserver.copyset.CommandReply;
import io.kurve.chunkserver.copyset.CopysetStateMachine;
import io.kurve.chunkserver.service.ServiceMetrics.Stage;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.log.LogPosition;
import io.kurve.core.log.Membership;
import io.kurve.core.log.ReplicatedStateMachine;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.function.LongSupplier;

/** Measures a state machine: how long entries take, and what a returning replica catches up. */
final class ObservedStateMachine implements ReplicatedStateMachine<CommandReply> {
  private final CopysetStateMachine machine;
  private final LongSupplier nanoTime;
  private final ServiceMetrics metrics;
  private final SlowLog slowLog;
  private volatile boolean catchingUp = true;

  ObservedStateMachine(
      CopysetStateMachine machine, LongSupplier nanoTime, ServiceMetrics metrics, SlowLog slowLog) {
    this.machine = machine;
    this.nanoTime = nanoTime;
    this.metrics = metrics;
    this.slowLog = slowLog;
  }

  /** Whether entries that come now are those that others had before. */
  void catchingUp(boolean behind) {
    catchingUp = behind;
  }

  @Override
  public CommandReply apply(LogPosition at, ByteBuffer command) {
    if (catchingUp) {
      metrics.received(CatchUp.Kind.LOG, command.remaining());
    }
    long begin = nanoTime.getAsLong();
    CommandReply reply = machine.apply(at, command.duplicate());
    long end = nanoTime.getAsLong();
    metrics.took(Stage.APPLY, end - begin);
    if (slowLog.isSlow(end - begin)) {
      CommandCodec.requestOf(command)
          .ifPresent(id ->
              slowLog.say(
                  id,
                  machine.copyset(),
                  "entry " + at.index() + " took " + (end - begin) / 1_000_000 + " ms to apply",
                  end));
    }
    return reply;
  }

  @Override
  public void becameDurable(ByteBuffer command, Duration took) {
    // A leader tells of the whole request.
    if (slowLog.isSlow(took.toNanos()) && machine.leadingTerm().isEmpty()) {
      CommandCodec.requestOf(command)
          .ifPresent(id ->
              slowLog.say(
                  id,
                  machine.copyset(),
                  "it took " + took.toMillis() + " ms to become durable in this replica's log",
                  nanoTime.getAsLong()));
    }
  }

  @Override
  public Checkpoint restored() {
    return machine.restored();
  }

  @Override
  public void advance(LogPosition at, Membership membership) {
    machine.advance(at, membership);
  }

  @Override
  public void leading(long term) {
    catchingUp = false;
    machine.leading(term);
  }

  @Override
  public void notLeading() {
    machine.notLeading();
  }

  @Override
  public CheckpointImage capture(Membership membership) {
    return machine.capture(membership);
  }

  @Override
  public Checkpoint install(ReplicaId source, Checkpoint wanted)
      throws IOException, InterruptedException {
    return machine.install(source, wanted);
  }

  @Override
  public boolean mayVote() {
    return machine.mayVote();
  }
}
