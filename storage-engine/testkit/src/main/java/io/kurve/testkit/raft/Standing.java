package io.kurve.testkit.raft;

import io.kurve.core.id.ReplicaId;
import io.kurve.core.log.ReplicaStatus.Role;
import io.kurve.core.time.EventLoop;
import java.time.Duration;
import java.util.Optional;

/** Where a replica stands: what its parts share. */
final class Standing {
  private final KeptLog kept;
  private final EventLoop loop;
  private final LogTail log;
  private Role role = Role.FOLLOWER;
  private Optional<ReplicaId> leader = Optional.empty();
  private long lastHeardNanos;
  private long commitIndex;
  private long appliedIndex;
  private boolean closed;

  Standing(KeptLog kept, EventLoop loop) {
    this.kept = kept;
    this.loop = loop;
    this.log = new LogTail(kept);
    this.lastHeardNanos = loop.nanoTime();
  }

  LogTail log() {
    return log;
  }

  Roster roster() {
    return log.roster();
  }

  /** Whether this replica is of the founders, or the group itself has named it (rule 11). */
  boolean isNamed(ReplicaId self) {
    return kept.founders().voters().contains(self) || log.names(self);
  }

  Role role() {
    return role;
  }

  void role(Role now) {
    role = now;
  }

  boolean is(Role wanted) {
    return role == wanted;
  }

  long term() {
    return kept.term();
  }

  void term(long newTerm) {
    if (newTerm < kept.term()) {
      throw new AssertionError("a term goes back from " + kept.term() + " to " + newTerm);
    }
    kept.term(newTerm);
  }

  Optional<ReplicaId> leader() {
    return leader;
  }

  void leader(Optional<ReplicaId> now) {
    leader = now;
  }

  void heardNow() {
    lastHeardNanos = loop.nanoTime();
  }

  boolean heardNobodyFor(Duration time) {
    return loop.nanoTime() - lastHeardNanos >= time.toNanos();
  }

  long commitIndex() {
    return commitIndex;
  }

  void committed(long index) {
    commitIndex = Math.max(commitIndex, index);
  }

  /** An index that is committed and will not be lost. */
  long safeIndex() {
    return Math.min(commitIndex, log.durableIndex());
  }

  long appliedIndex() {
    return appliedIndex;
  }

  void applied(long index) {
    appliedIndex = index;
  }

  boolean isClosed() {
    return closed;
  }

  void close() {
    closed = true;
  }
}
