package io.kurve.consensus.jraft;

import com.alipay.sofa.jraft.ReplicatorGroup;
import com.alipay.sofa.jraft.error.InvokeTimeoutException;
import com.alipay.sofa.jraft.error.RemotingException;
import com.alipay.sofa.jraft.option.RpcOptions;
import com.alipay.sofa.jraft.rpc.InvokeCallback;
import com.alipay.sofa.jraft.rpc.InvokeContext;
import com.alipay.sofa.jraft.rpc.RpcClient;
import com.alipay.sofa.jraft.rpc.RpcRequests.AppendEntriesRequest;
import com.alipay.sofa.jraft.rpc.RpcRequests.AppendEntriesResponse;
import com.alipay.sofa.jraft.rpc.RpcRequests.ErrorResponse;
import com.alipay.sofa.jraft.rpc.RpcRequests.InstallSnapshotRequest;
import com.alipay.sofa.jraft.rpc.RpcRequests.PingRequest;
import com.alipay.sofa.jraft.rpc.RpcRequests.RequestVoteRequest;
import com.alipay.sofa.jraft.rpc.RpcRequests.TimeoutNowRequest;
import com.alipay.sofa.jraft.util.Endpoint;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import io.kurve.consensus.RaftTransport;
import io.kurve.core.id.ReplicaId;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * A replica's way to its peers. Replies are worked on by the transport's thread that brings them;
 * another hand-over would only cost time.
 *
 * <p>Here the lease is kept, since here it is known when a message left: an accepted AppendEntries
 * prolongs it, and a TimeoutNow gives it up before it leaves (rule 14). And a replica that may not
 * vote asks nobody for votes (rule 11).
 */
final class TransportRpcClient implements RpcClient {
  private final Map<Endpoint, ReplicaId> replicas = new ConcurrentHashMap<>();
  private volatile @Nullable ReplicaLink link;
  private volatile @Nullable ReplicatorGroup replicators;

  @Override
  public boolean init(RpcOptions options) {
    link = ((ReplicaLink.Options) options).link();
    return true;
  }

  @Override
  public void shutdown() {
    link = null;
  }

  @Override
  public boolean checkConnection(Endpoint endpoint) {
    ReplicaLink open = link;
    return open != null && open.transport().connected(replica(endpoint));
  }

  @Override
  public boolean checkConnection(Endpoint endpoint, boolean createIfAbsent) {
    return checkConnection(endpoint);
  }

  @Override
  public void closeConnection(Endpoint endpoint) {
    // Connections carry all copysets; the transport closes them.
  }

  @Override
  public void registerConnectEventListener(ReplicatorGroup group) {
    replicators = group;
  }

  /** jraft's view of its followers, for the status. */
  @Nullable ReplicatorGroup replicators() {
    return replicators;
  }

  private ReplicaId replica(Endpoint endpoint) {
    return replicas.computeIfAbsent(endpoint, peer -> PeerNames.replica(peer.getIp()));
  }

  /** jraft pings a peer that is not connected, while it holds its lock: never waits for it. */
  @Override
  public Object invokeSync(
      Endpoint endpoint, Object request, @Nullable InvokeContext context, long timeoutMillis)
      throws RemotingException {
    if (request instanceof PingRequest && checkConnection(endpoint)) {
      return ErrorResponse.newBuilder().setErrorCode(0).build();
    }
    throw new RemotingException("no connection to " + endpoint);
  }

  @Override
  public void invokeAsync(
      Endpoint endpoint,
      Object request,
      @Nullable InvokeContext context,
      InvokeCallback callback,
      long timeoutMillis)
      throws RemotingException {
    ReplicaLink open = link;
    if (open == null) {
      throw new RemotingException("the replica is closed");
    }
    MessageKind kind = kind(request, open);
    ReplicaId target = replica(endpoint);
    Call call = new Call(open, kind, target, (Message) request, callback);
    open.transport()
        .send(
            target,
            open.copyset(),
            kind.number(),
            MessageKind.encodeRequest((Message) request),
            Duration.ofMillis(timeoutMillis),
            call);
    call.sent();
  }

  private static MessageKind kind(Object request, ReplicaLink open) throws RemotingException {
    return switch (request) {
      case AppendEntriesRequest append -> MessageKind.APPEND_ENTRIES;
      case InstallSnapshotRequest install -> MessageKind.INSTALL_SNAPSHOT;
      case RequestVoteRequest vote -> {
        if (!open.mayVote().getAsBoolean()) {
          throw new RemotingException("this replica may not vote, so it does not stand either");
        }
        boolean released = !vote.getPreVote() && open.candidacy().isReleased(vote.getTerm());
        yield released ? MessageKind.REQUEST_VOTE_RELEASED : MessageKind.REQUEST_VOTE;
      }
      case TimeoutNowRequest transfer -> {
        open.lease().surrender(transfer.getTerm());
        yield MessageKind.TIMEOUT_NOW;
      }
      default -> throw new RemotingException("no such message: " + request.getClass());
    };
  }

  /** One request under way. */
  private static final class Call implements RaftTransport.Answer {
    private final ReplicaLink link;
    private final MessageKind kind;
    private final ReplicaId target;
    private final long term;
    private final InvokeCallback callback;
    private final long sentAt;
    private final AtomicBoolean answered = new AtomicBoolean();
    private volatile @Nullable Thread sender = Thread.currentThread();

    Call(
        ReplicaLink link,
        MessageKind kind,
        ReplicaId target,
        Message request,
        InvokeCallback callback) {
      this.link = link;
      this.kind = kind;
      this.target = target;
      this.term = request instanceof AppendEntriesRequest append ? append.getTerm() : -1;
      this.callback = callback;
      this.sentAt = link.lease().now();
    }

    void sent() {
      sender = null;
    }

    @Override
    public void reply(ByteBuffer reply) {
      Message message;
      try {
        message = kind.decodeReply(reply);
      } catch (InvalidProtocolBufferException e) {
        complete(null, new RemotingException("an answer of " + target + " is garbled", e));
        return;
      }
      if (isPlain(message)) {
        link.lease().acknowledged(term, target, sentAt);
      }
      complete(message, null);
    }

    @Override
    public void failed(String why) {
      complete(null, new InvokeTimeoutException(why));
    }

    private void complete(@Nullable Message message, @Nullable Throwable error) {
      if (!answered.compareAndSet(false, true)) {
        return;
      }
      if (Thread.currentThread().equals(sender)) {
        // Still inside jraft's call, which expects no answer before it returns.
        link.failures().execute(() -> callback.complete(message, error));
      } else if (mayWait(message)) {
        link.tasks().execute(() -> callback.complete(message, error));
      } else {
        callback.complete(message, error);
      }
    }

    /**
     * Whether jraft may read its log or write its term when it hears this, while the thread that
     * brings it has other groups' messages to carry.
     */
    private boolean mayWait(@Nullable Message message) {
      return !isPlain(message) || link.catchesUp().test(target);
    }

    private boolean isPlain(@Nullable Message message) {
      return message instanceof AppendEntriesResponse response
          && response.getSuccess()
          && response.getTerm() == term;
    }
  }
}
