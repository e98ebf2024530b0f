package io.kurve.consensus.jraft;

import com.alipay.sofa.jraft.core.StateMachineAdapter;
import com.alipay.sofa.jraft.option.RaftOptions;
import com.alipay.sofa.jraft.util.concurrent.DefaultFixedThreadsExecutorGroupFactory;
import com.alipay.sofa.jraft.util.concurrent.FixedThreadsExecutorGroup;
import io.kurve.core.log.Membership;

/** jraft's defaults are for one busy group; ours are for many in one process. */
final class NodeSettings {
  /** Far above the 1 MiB of the largest write, so that one fits whole beside smaller ones. */
  private static final int MESSAGE_BYTES = 4 << 20;

  private static final int RING_SLOTS = 1024;
  private static final int BATCH = 64;

  private NodeSettings() {}

  static ReplicaLink.Options options(
      ReplicaLink link,
      ReplicaServices services,
      StateMachineAdapter caller,
      Membership initial,
      ReplicationSettings settings) {
    int timeoutMillis = Math.toIntExact(settings.electionTimeout().toMillis());
    ReplicaLink.Options options = new ReplicaLink.Options(link);
    options.setElectionTimeoutMs(timeoutMillis);
    options.setInitialConf(PeerNames.configuration(initial));
    options.setFsm(caller);
    options.setServiceFactory(services);
    // Not read by our storages; jraft wants them set.
    options.setLogUri("wal");
    options.setRaftMetaUri("wal");
    options.setSnapshotUri("checkpoint");
    options.setRaftOptions(raftOptions(settings, timeoutMillis));
    options.setSnapshotIntervalSecs(0);
    options.setSnapshotLogIndexMargin(0);
    options.setDisableCli(true);
    options.setEnableMetrics(false);
    options.setSharedElectionTimer(true);
    options.setSharedVoteTimer(true);
    options.setSharedStepDownTimer(true);
    options.setSharedSnapshotTimer(true);
    options.setSharedTimerPool(true);
    options.setRpcConnectTimeoutMs(timeoutMillis);
    options.setRpcDefaultTimeout(5 * timeoutMillis);
    options.setRpcProcessorThreadPoolSize(1);
    return options;
  }

  private static RaftOptions raftOptions(ReplicationSettings settings, int timeoutMillis) {
    RaftOptions options = new RaftOptions();
    options.setDisruptorBufferSize(RING_SLOTS);
    options.setApplyBatch(BATCH);
    options.setMaxEntriesSize(RING_SLOTS);
    options.setMaxBodySize(MESSAGE_BYTES);
    options.setMaxAppendBufferSize(MESSAGE_BYTES);
    options.setMaxLogsInMemoryBytes(settings.memoryBytes());
    options.setElectionHeartbeatFactor(settings.heartbeats());
    options.setMaxElectionDelayMs(Math.max(timeoutMillis / 2, 1));
    options.setSync(true);
    options.setSyncMeta(true);
    options.setOpenStatistics(false);
    return options;
  }

  static FixedThreadsExecutorGroup failureThreads() {
    return DefaultFixedThreadsExecutorGroupFactory.INSTANCE.newExecutorGroup(
        1, "raft-failures", 10_000, true);
  }
}
