package io.kurve.testkit.raft;

import org.jspecify.annotations.Nullable;

/**
 * @param command null in a new leader's first entry
 */
record LogEntry(long term, byte @Nullable [] command) {}
