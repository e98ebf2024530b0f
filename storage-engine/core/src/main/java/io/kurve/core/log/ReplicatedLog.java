package io.kurve.core.log;

import io.kurve.core.id.CopysetKey;
import io.kurve.core.id.ReplicaId;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletionStage;

/** One replica's end of a copyset's log. Safe for use by several threads; nothing here blocks. */
public interface ReplicatedLog<R> extends AutoCloseable {
  CopysetKey copyset();

  /**
   * Appends a command if this replica leads in the expected term.
   *
   * @param command the log's from here on: nobody may change it any more, also after the listener
   *     was told, because followers that lag are sent from it
   * @param expectedTerm the term that {@link ReplicatedStateMachine#leading} gave
   */
  void propose(ByteBuffer command, long expectedTerm, ProposalListener<R> listener);

  /** Asked after the read arrived: the lease is checked now. */
  ReadPermission readPermission();

  ReplicaStatus status();

  /**
   * Captures and persists a checkpoint and drops the log before it; ends with its position. While a
   * follower is being installed that would have to begin anew without that log, and the log has
   * room, it takes none and ends with the position of the last one.
   */
  CompletionStage<LogPosition> checkpoint();

  /** As {@link #checkpoint}, but takes one in any case, because the store has no space without. */
  default CompletionStage<LogPosition> checkpointForSpace() {
    return checkpoint();
  }

  CompletionStage<Void> transferLeadership(ReplicaId target);

  /**
   * Makes these the members of the group, by a joint change where the voters differ; one change at
   * a time. Who is to vote must be a learner that lacks next to nothing. Asking again for what
   * holds already ends at once. A change that is cut off may leave a learner without its place: who
   * asks again makes it a learner again first.
   *
   * <p>Ends when the new membership alone is committed. Ends exceptionally with NOT_LEADER; with
   * UNAVAILABLE when it may work later, or may have been done; with REFUSED when this replica would
   * be no voter any more: another one has to lead first.
   */
  CompletionStage<Void> changeMembership(Membership wanted);

  /** Stops this replica; its log stays on disk. */
  @Override
  void close();
}
