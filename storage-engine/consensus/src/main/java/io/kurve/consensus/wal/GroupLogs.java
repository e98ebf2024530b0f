package io.kurve.consensus.wal;

import io.kurve.core.id.CopysetKey;
import io.kurve.core.log.Membership;
import io.kurve.core.log.ReplicatedLogs.LogSpace;
import java.util.Optional;
import java.util.Set;

/** All groups of one shared WAL, as its users see them. */
public interface GroupLogs {
  /** The groups that have a durable record here and no tombstone, in order. */
  Set<CopysetKey> groups();

  /**
   * The group's log. Makes this store a member when it is none; else the record of then decides,
   * and these founders are not looked at.
   */
  GroupLog found(CopysetKey group, Membership founders);

  /** Who founded a group that this store is a member of. */
  Optional<Membership> founders(CopysetKey group);

  /** Drops the group's entries; a durable tombstone keeps its term and vote. */
  void purge(CopysetKey group);

  /** Cheap: asked before each proposal. */
  LogSpace space();
}
