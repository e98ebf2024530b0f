package io.kurve.consensus.jraft;

import com.alipay.sofa.jraft.core.NodeImpl;
import com.alipay.sofa.jraft.error.RaftError;
import com.alipay.sofa.jraft.rpc.Connection;
import com.alipay.sofa.jraft.rpc.RpcContext;
import com.alipay.sofa.jraft.rpc.RpcRequestClosure;
import com.alipay.sofa.jraft.rpc.RpcRequests.AppendEntriesRequest;
import com.alipay.sofa.jraft.rpc.RpcRequests.AppendEntriesResponse;
import com.alipay.sofa.jraft.rpc.RpcRequests.ErrorResponse;
import com.alipay.sofa.jraft.rpc.RpcRequests.InstallSnapshotRequest;
import com.alipay.sofa.jraft.rpc.RpcRequests.InstallSnapshotResponse;
import com.alipay.sofa.jraft.rpc.RpcRequests.RequestVoteRequest;
import com.alipay.sofa.jraft.rpc.RpcRequests.RequestVoteResponse;
import com.alipay.sofa.jraft.rpc.RpcRequests.TimeoutNowRequest;
import com.alipay.sofa.jraft.rpc.RpcRequests.TimeoutNowResponse;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import io.kurve.consensus.RaftTransport.Responder;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.log.LogPosition;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A replica's messages from its peers, on their way to jraft. What a leader appends is taken at
 * once on the transport's thread, in its order; what waits for the disk (votes, installs) runs on a
 * thread of its own.
 *
 * <p>Refused here, so that jraft never hears of it: votes while a leader may hold a lease on our
 * word (rule 14); votes, candidacy and new entries while the replica may not vote (rule 11; empty
 * AppendEntries pass, or no leader would find out that it has to install); entries for which the
 * WAL has no room (rule 9).
 */
final class ReplicaInbox {
  private static final Logger log = LoggerFactory.getLogger(ReplicaInbox.class);

  private final JraftReplica<?> replica;
  private final NodeImpl node;
  private final String self;

  ReplicaInbox(JraftReplica<?> replica, NodeImpl node) {
    this.replica = replica;
    this.node = node;
    this.self = node.getServerId().toString();
  }

  void received(ReplicaId sender, int kindNumber, ByteBuffer bytes, Responder responder) {
    MessageKind kind = MessageKind.of(kindNumber);
    if (kind == null) {
      refuse(responder, RaftError.EINVAL, "unknown message kind " + kindNumber);
      return;
    }
    Message request;
    try {
      request = kind.decodeRequest(bytes);
    } catch (InvalidProtocolBufferException e) {
      refuse(responder, RaftError.EINVAL, "a garbled " + kind + " message of " + sender);
      return;
    }
    boolean released = kind == MessageKind.REQUEST_VOTE_RELEASED;
    String sentBy = PeerNames.peer(sender).toString();
    switch (request) {
      case AppendEntriesRequest append -> {
        if (addressed(append.getServerId(), append.getPeerId(), sentBy, responder)) {
          Runnable step = () -> append(append, responder);
          if (append.getTerm() > replica.term()) {
            // jraft writes the new term: the thread that brings messages must not wait for it.
            later(responder, step);
          } else {
            guarded(responder, step);
          }
        }
      }
      case RequestVoteRequest vote -> {
        if (addressed(vote.getServerId(), vote.getPeerId(), sentBy, responder)) {
          later(responder, () -> reply(responder, vote(vote, released)));
        }
      }
      case TimeoutNowRequest timeout -> {
        if (addressed(timeout.getServerId(), timeout.getPeerId(), sentBy, responder)) {
          later(responder, () -> stand(timeout, responder));
        }
      }
      case InstallSnapshotRequest install -> {
        if (addressed(install.getServerId(), install.getPeerId(), sentBy, responder)) {
          later(responder, () -> install(install, responder));
        }
      }
      default -> throw new IllegalStateException("no handler for " + kind);
    }
  }

  private void later(Responder responder, Runnable step) {
    replica.tasks().execute(() -> guarded(responder, step));
  }

  /** A node that shuts down throws this and that; one that doesn't must not throw at all. */
  private void guarded(Responder responder, Runnable step) {
    try {
      step.run();
    } catch (RuntimeException e) {
      if (!replica.isClosed()) {
        throw replica.faults().halt(replica.name() + ": a peer's message could not be taken", e);
      }
      refuse(responder, RaftError.ENODESHUTDOWN, "the replica closed");
    }
  }

  private boolean addressed(String from, String to, String sentBy, Responder responder) {
    if (from.equals(sentBy) && to.equals(self)) {
      return true;
    }
    refuse(responder, RaftError.EINVAL, "a message from " + from + " to " + to + " came astray");
    return false;
  }

  private void append(AppendEntriesRequest request, Responder responder) {
    if (!MessageCheck.isSound(request)) {
      refuse(responder, RaftError.EINVAL, "entries that make no sense");
      return;
    }
    if (request.getTerm() >= replica.term() && !replica.voteGate().heardLeader()) {
      refuse(responder, RaftError.EBUSY, "a vote is being written");
      return;
    }
    if (!isPromised(request.getTerm(), responder)) {
      return;
    }
    Responder answer = responder;
    if (request.getEntriesCount() > 0) {
      if (!replica.mayVote()) {
        refuse(responder, RaftError.EBUSY, "the replica takes nothing before it is whole");
        return;
      }
      long bytes = request.getData().size();
      if (!replica.room().enter(bytes)) {
        refuse(responder, RaftError.EBUSY, "the log is full");
        return;
      }
      answer =
          reply -> {
            replica.room().leave(bytes);
            responder.reply(reply);
          };
    }
    RpcRequestClosure done =
        new RpcRequestClosure(
            new ReplyContext(answer, self), AppendEntriesResponse.getDefaultInstance());
    Message response = node.handleAppendEntriesRequest(request, done);
    if (response != null) {
      reply(answer, response);
      replica.passOn(new LogPosition(request.getPrevLogTerm(), request.getPrevLogIndex()));
    }
  }

  /** Nothing of a leader is taken in a term that a restart would forget. */
  private boolean isPromised(long term, Responder responder) {
    boolean durable = replica.raise(term);
    if (!durable) {
      refuse(responder, RaftError.EBUSY, "the log has no room for term " + term);
    }
    return durable;
  }

  private Message vote(RequestVoteRequest request, boolean released) {
    return replica
        .voteGate()
        .vote(released, () -> refusal("a leader may hold a lease"), () -> vote(request));
  }

  private Message vote(RequestVoteRequest request) {
    if (!replica.mayGiveVotes()) {
      return refusal("the replica may not vote");
    }
    if (replica.holdsLease()) {
      return refusal("leads under its lease");
    }
    if (request.getPreVote()) {
      Message answer = node.handlePreVoteRequest(request);
      if (answer instanceof RequestVoteResponse given && !given.getGranted()) {
        replica.refusedToVote();
      }
      return answer;
    }
    // jraft steps down for a higher term, and may vote: any lease below it ends first.
    replica.lease().surrender(request.getTerm() - 1);
    return node.handleRequestVoteRequest(request);
  }

  private Message refusal(String why) {
    log.debug("{} gives no vote: {}", self, why);
    return RequestVoteResponse.newBuilder().setTerm(replica.term()).setGranted(false).build();
  }

  private void stand(TimeoutNowRequest request, Responder responder) {
    if (!replica.mayGiveVotes()) {
      reply(
          responder,
          TimeoutNowResponse.newBuilder().setTerm(replica.term()).setSuccess(false).build());
      return;
    }
    replica.candidacy().released(request.getTerm() + 1);
    RpcRequestClosure done =
        new RpcRequestClosure(
            new ReplyContext(responder, self), TimeoutNowResponse.getDefaultInstance());
    Message response = node.handleTimeoutNowRequest(request, done);
    if (response != null) {
      reply(responder, response);
    }
  }

  private void install(InstallSnapshotRequest request, Responder responder) {
    if (!MessageCheck.isSound(request.getMeta(), request.getUri())) {
      refuse(responder, RaftError.EINVAL, "a checkpoint that makes no sense");
      return;
    }
    if (!isPromised(request.getTerm(), responder)) {
      return;
    }
    replica.checkpoints().wanted(request.getMeta());
    RpcRequestClosure done =
        new RpcRequestClosure(
            new ReplyContext(responder, self), InstallSnapshotResponse.getDefaultInstance());
    Message response = node.handleInstallSnapshot(request, done);
    if (response != null) {
      reply(responder, response);
    }
  }

  static void refuse(Responder responder, RaftError error, String why) {
    reply(
        responder,
        ErrorResponse.newBuilder().setErrorCode(error.getNumber()).setErrorMsg(why).build());
  }

  private static void reply(Responder responder, Message message) {
    responder.reply(MessageKind.encodeReply(message));
  }

  private record ReplyContext(Responder responder, String self) implements RpcContext {
    @Override
    public void sendResponse(Object response) {
      reply(responder, (Message) response);
    }

    @Override
    public @Nullable Connection getConnection() {
      return null;
    }

    @Override
    public String getRemoteAddress() {
      return self;
    }
  }
}
