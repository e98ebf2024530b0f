package io.kurve.core.metadata;

import io.kurve.core.id.ClusterId;
import io.kurve.core.id.MdsTerm;
import io.kurve.core.id.ReplicaId;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletionStage;

/** What the MDS knows of the cluster's state, for people. */
public interface ClusterInspection {
  CompletionStage<ClusterStatus> status();

  CompletionStage<List<DiskInfo>> disks();

  CompletionStage<List<CopysetPlacement>> copysets();

  /** Which of the MDS answers: only the leader does. */
  CompletionStage<Leader> leader();

  record Leader(HostAndPort address, MdsTerm term) {}

  enum Health {
    OK,
    /** Something is missing; every volume can be read and written. */
    DEGRADED,
    /** Some volume waits for a quorum. */
    STALLED
  }

  /** Why the cluster is not healthy. The code never changes its meaning. */
  record Reason(String code, String object, String text, String cure) {}

  record ClusterStatus(
      ClusterId cluster, Health health, List<Reason> reasons, long capacityBytes, long usedBytes) {}

  enum DiskState {
    ONLINE,
    UNSTABLE,
    OFFLINE,
    FAILED,
    UNCONFIRMED
  }

  /**
   * @param draining what it holds moves to other disks, and nothing comes
   */
  record DiskInfo(
      ReplicaId replica,
      String server,
      String diskName,
      DiskState state,
      ChunkserverRegistry.Addresses addresses,
      long totalBytes,
      long usedBytes,
      int copysets,
      int leaders,
      Instant lastHeard,
      boolean draining) {}
}
