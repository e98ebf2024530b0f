package io.kurve.core.log;

import io.kurve.core.id.ReplicaId;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;

/**
 * One replica of a copyset, as its log sees it.
 *
 * <p>{@link #apply}, {@link #advance}, {@link #leading}, {@link #notLeading} and {@link #capture}
 * come one at a time, in log order. {@link #install} runs beside them on a thread of its own. The
 * log calls {@code apply} only for entries that are committed <em>and</em> durable in this
 * replica's own log, so that data written in place can always be rewritten from it.
 */
public interface ReplicatedStateMachine<R> {
  /** The checkpoint that this replica starts from; what follows it in the log is applied anew. */
  Checkpoint restored();

  /** A reply that depends on control state and command only; the same on every replica. */
  R apply(LogPosition at, ByteBuffer command);

  /**
   * A command took long to become durable in this replica's log; told for measuring only, on a
   * thread that must not be kept waiting, maybe before or after it is applied, or not applied ever.
   */
  default void becameDurable(ByteBuffer command, Duration took) {}

  /** An entry of the log's own: a new leader's first one, or a change of membership. */
  void advance(LogPosition at, Membership membership);

  /** This replica leads in this term and has applied everything that was committed before it. */
  void leading(long term);

  void notLeading();

  /**
   * Takes an image of the control state, exactly as of the last entry applied. Quick: no disk
   * access. The log waits for {@link CheckpointImage#persist} before it drops entries.
   */
  CheckpointImage capture(Membership membership);

  /**
   * Replaces this replica's state by the source's newest checkpoint. Blocks until all of it is
   * durable here and verified. When it throws, the replica stays marked as installing and must not
   * vote, until a later install succeeds.
   */
  Checkpoint install(ReplicaId source, Checkpoint wanted) throws IOException, InterruptedException;

  /** False while a durable "installing" mark is set or the store has not been confirmed. */
  boolean mayVote();

  /** Where a replica's control state is exact, and who belonged to the group there. */
  record Checkpoint(LogPosition at, Membership membership) {}

  /** A captured control state on its way to the disk. */
  interface CheckpointImage {
    Checkpoint checkpoint();

    /** Makes data up to the checkpoint, then the control state, durable. Blocks. */
    void persist() throws IOException;
  }
}
