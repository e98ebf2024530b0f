/**
 * The core of a copyset's replica: the commands in its log, the control state that decides about
 * them, what they do to the chunk store, and the install of another replica's state.
 *
 * <p>No clock and no socket enters; disks only through {@link
 * io.kurve.chunkserver.store.SlotStore}, other replicas only through {@link
 * io.kurve.chunkserver.copyset.ReplicaPeer}. Locks stand only in {@link
 * io.kurve.chunkserver.copyset.CopysetStateMachine} and its chunk guards.
 */
@NullMarked
package io.kurve.chunkserver.copyset;

import org.jspecify.annotations.NullMarked;
