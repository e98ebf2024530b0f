package io.kurve.consensus.jraft;

import com.alipay.sofa.jraft.NodeManager;
import com.alipay.sofa.jraft.error.RaftError;
import com.alipay.sofa.jraft.util.Endpoint;
import io.kurve.consensus.RaftTransport;
import io.kurve.consensus.wal.GroupLogs;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.FaultHandler;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.log.Membership;
import io.kurve.core.log.ReplicatedLog;
import io.kurve.core.log.ReplicatedLogs;
import io.kurve.core.log.ReplicatedStateMachine;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;

/**
 * The replicas of one chunkserver on sofa-jraft. Made once, when the store is open and the
 * transport is not yet listening; closed before the WAL and the transport.
 */
public final class JraftReplicas implements ReplicatedLogs {
  private final GroupLogs logs;
  private final ReplicaContext context;
  private final Endpoint endpoint;
  private final Map<CopysetKey, Open> replicas = new ConcurrentHashMap<>();

  /**
   * @param self this chunkserver bound to its store
   * @param persistence runs the slow half of checkpoints; two threads or so
   */
  public JraftReplicas(
      ReplicaId self,
      GroupLogs logs,
      RaftTransport transport,
      FaultHandler faults,
      Executor persistence,
      LeaseClock clock,
      ReplicationSettings settings) {
    JraftProcess.prepare();
    this.logs = logs;
    this.context =
        new ReplicaContext(
            self,
            new LogRoom(logs, settings.fullPercent()),
            transport,
            faults,
            clock,
            settings,
            new ReplicaContext.Executors(
                persistence,
                Executors.newVirtualThreadPerTaskExecutor(),
                NodeSettings.failureThreads()));
    this.endpoint = PeerNames.peer(self).getEndpoint();
    // jraft starts no node for which no server is registered; ours is the transport.
    NodeManager.getInstance().addAddress(endpoint);
    transport.receiver(this::received);
  }

  private void received(
      ReplicaId sender,
      CopysetKey copyset,
      int kind,
      ByteBuffer request,
      RaftTransport.Responder responder) {
    Open open = replicas.get(copyset);
    ReplicaInbox inbox = open == null ? null : open.inbox;
    if (inbox == null) {
      ReplicaInbox.refuse(responder, RaftError.ENOENT, copyset + " is not open here");
      return;
    }
    inbox.received(sender, kind, request, responder);
  }

  @Override
  public Set<CopysetKey> members() {
    return logs.groups();
  }

  @Override
  public <R> ReplicatedLog<R> open(
      CopysetKey copyset, Membership initial, ReplicatedStateMachine<R> stateMachine) {
    Open place = new Open();
    if (replicas.putIfAbsent(copyset, place) != null) {
      throw new KurveException(ErrorCode.IN_USE, copyset + " is open already", "close it first");
    }
    boolean started = false;
    try {
      JraftReplica<R> replica =
          new JraftReplica<>(
              context,
              copyset,
              logs.found(copyset, initial),
              stateMachine,
              logs.founders(copyset).orElse(initial),
              () -> replicas.remove(copyset, place));
      place.replica = replica;
      place.inbox = replica.start();
      started = true;
      return replica;
    } finally {
      if (!started) {
        replicas.remove(copyset, place);
      }
    }
  }

  @Override
  public void purge(CopysetKey copyset) {
    Open open = replicas.get(copyset);
    if (open != null && open.replica != null) {
      open.replica.close();
    }
    logs.purge(copyset);
  }

  @Override
  public LogSpace space() {
    return logs.space();
  }

  @Override
  public void close() {
    for (Open open : List.copyOf(replicas.values())) {
      if (open.replica != null) {
        open.replica.close();
      }
    }
    NodeManager.getInstance().removeAddress(endpoint);
    context.executors().tasks().shutdown();
    context.executors().failures().shutdownGracefully();
  }

  /** Messages are refused until the inbox is there. */
  private static final class Open {
    volatile @Nullable JraftReplica<?> replica;
    volatile @Nullable ReplicaInbox inbox;
  }
}
