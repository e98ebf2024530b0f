/**
 * The shared WAL: one ring on the disk for the log entries, terms, votes and memberships of all
 * groups of a chunkserver, with group commit. Knows no raft library.
 */
@NullMarked
package io.kurve.consensus.wal;

import org.jspecify.annotations.NullMarked;
