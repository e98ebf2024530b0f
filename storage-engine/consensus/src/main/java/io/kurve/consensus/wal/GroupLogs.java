package io.kurve.consensus.wal;

import io.kurve.core.id.CopysetKey;
import io.kurve.core.log.ReplicatedLogs.LogSpace;
import java.util.Set;

/** All groups of one shared WAL, as its users see them. */
public interface GroupLogs {
  /** The groups that have a durable record here and no tombstone, in order. */
  Set<CopysetKey> groups();

  /** The group's log; makes its durable record when there is none yet. */
  GroupLog open(CopysetKey group);

  /** Drops the group's entries; a durable tombstone keeps its term and vote. */
  void purge(CopysetKey group);

  /** Cheap: asked before each proposal. */
  LogSpace space();
}
