/**
 * The port to a replicated log: what a copyset's state machine needs from consensus and gives to
 * it. It stands here, below its adapter in the consensus room, so that testkit can have a fake of
 * it without seeing raft.
 */
@NullMarked
package io.kurve.core.log;

import org.jspecify.annotations.NullMarked;
