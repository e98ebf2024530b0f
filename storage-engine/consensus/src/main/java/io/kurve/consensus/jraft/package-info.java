/**
 * The adapter of the replicated-log port to sofa-jraft: the only place that imports it.
 *
 * <p>jraft keeps its elections, replication, commit and membership. Ours are: who may vote and who
 * may read ({@link io.kurve.consensus.jraft.VoteGate}, {@link
 * io.kurve.consensus.jraft.LeaderLease}), the messages on the wire, the log and the votes on the
 * shared WAL, and checkpoints of the state machine in place of snapshot files.
 */
@NullMarked
package io.kurve.consensus.jraft;

import org.jspecify.annotations.NullMarked;
