package io.kurve.mds.health;

import io.kurve.core.metadata.ClusterInspection.Health;

/** Every reason for not being healthy. Names and meanings never change: scripts search for them. */
public enum ReasonCode {
  /** The metadata store knows less than the chunkservers: nothing is served. */
  METASTORE_BEHIND(Health.STALLED),
  /** Not enough disks have registered to found the pool. */
  POOL_INCOMPLETE(Health.STALLED),
  /** Copysets whose majority is away: their volumes wait. */
  COPYSET_NO_QUORUM(Health.STALLED),
  /** Copysets with a majority of disks online but nobody that leads: an election is under way. */
  COPYSET_NO_LEADER(Health.STALLED),
  /** Copysets with a majority, but not with all of their replicas. */
  COPYSET_DEGRADED(Health.DEGRADED),
  /** A disk that has not been heard of for long. */
  DISK_OFFLINE(Health.DEGRADED),
  /** A disk that missed some heartbeats. */
  DISK_UNSTABLE(Health.DEGRADED),
  /** A disk that reported errors of its device. */
  DISK_FAILED(Health.DEGRADED),
  /** A store that is older than what it had reported, or of another cluster's past. */
  STORE_UNCONFIRMED(Health.DEGRADED),
  /** Replicas that can't run, on disks that work otherwise. */
  REPLICA_FAILED(Health.DEGRADED),
  /** Replicas whose disk has no room for what is committed: they do nothing until it has. */
  REPLICA_NEEDS_MOVE(Health.DEGRADED),
  /** Replicas that have not caught up. */
  REPLICA_LAGGING(Health.DEGRADED),
  /** Replicas that are being rebuilt from their leader. */
  REPLICA_INSTALLING(Health.DEGRADED),
  /** Replicas that are on their way from one disk to another. */
  REPLICAS_MOVING(Health.DEGRADED),
  /** Replicas that have to go and find no disk. */
  NO_DISK_TO_MOVE_TO(Health.DEGRADED),
  /** Blocks that were found damaged and are not repaired yet. */
  BLOCKS_DAMAGED(Health.DEGRADED),
  /** An attachment can't be fenced until a copyset has its quorum back. */
  FENCE_HELD_UP(Health.DEGRADED),
  /** A deleted volume's space can't come back until a copyset has its quorum back. */
  PURGE_HELD_UP(Health.DEGRADED),
  /** Deleted volumes are kept although their time is over: a clock has jumped. */
  CLOCK_JUMPED(Health.DEGRADED),
  /** A disk that has no room for a chunk besides what is kept back. */
  DISK_TOO_SMALL(Health.DEGRADED),
  /** A disk whose room is all in use or promised: no new chunk goes there. */
  DISK_FULL(Health.DEGRADED),
  /** At least three quarters of what the pool holds are in use or promised. */
  CAPACITY_75(Health.DEGRADED),
  CAPACITY_85(Health.DEGRADED),
  CAPACITY_95(Health.DEGRADED);

  private final Health health;

  ReasonCode(Health health) {
    this.health = health;
  }

  /** What the cluster is at best while this holds. */
  public Health health() {
    return health;
  }
}
