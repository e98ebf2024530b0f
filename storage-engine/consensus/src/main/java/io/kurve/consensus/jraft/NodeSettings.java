package io.kurve.consensus.jraft;

import com.alipay.sofa.jraft.core.StateMachineAdapter;
import com.alipay.sofa.jraft.option.RaftOptions;
import com.alipay.sofa.jraft.util.concurrent.DefaultFixedThreadsExecutorGroupFactory;
import com.alipay.sofa.jraft.util.concurrent.FixedThreadsExecutorGroup;
import io.kurve.core.log.Membership;

/** jraft's defaults are for one busy group; ours are for many in one process. */
final class NodeSettings {
  /** A message is sent when it holds as much, so one has less than this and a largest write. */
  private static final int MESSAGE_BYTES = 1 << 20;

  /** To one follower. They stay in memory until it answers, also when it has a whole log to get. */
  private static final int UNANSWERED_MESSAGES = 16;

  /** Between two syncs of the log. */
  private static final int APPENDED_BYTES = 4 << 20;

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
    options.setMaxReplicatorInflightMsgs(UNANSWERED_MESSAGES);
    options.setMaxAppendBufferSize(APPENDED_BYTES);
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
