package io.kurve.chunkserver.server;

import io.kurve.consensus.RaftTransport;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.id.ReplicaId;
import io.kurve.protocol.data.PeerChannel;
import io.kurve.protocol.data.PeerHandler;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Raft's messages over the data plane's authenticated connections. Until there is a receiver, and
 * after the store is known to be unconfirmed, nothing is answered and the sender's time runs out.
 */
final class PeerTransport implements RaftTransport, PeerHandler {
  private final AtomicReference<@Nullable PeerChannel> channel = new AtomicReference<>();
  private final AtomicReference<@Nullable Receiver> receiver = new AtomicReference<>();

  /** From here on messages can be sent. */
  void open(PeerChannel peers) {
    channel.set(peers);
  }

  @Override
  public void send(
      ReplicaId target,
      CopysetKey copyset,
      int kind,
      List<ByteBuffer> request,
      Duration deadline,
      Answer answer) {
    PeerChannel open = channel.get();
    if (open == null) {
      answer.failed("this chunkserver is not registered yet");
      return;
    }
    open.send(target, copyset, kind, request, deadline, new Told(answer));
  }

  @Override
  public boolean connected(ReplicaId target) {
    PeerChannel open = channel.get();
    return open != null && open.connected(target);
  }

  @Override
  public void receiver(Receiver newReceiver) {
    receiver.set(newReceiver);
  }

  @Override
  public void received(
      Sender sender,
      CopysetKey copyset,
      int kind,
      ByteBuffer request,
      Duration remaining,
      PeerResponder responder) {
    Receiver there = receiver.get();
    if (there != null) {
      there.received(sender.replica(), copyset, kind, request, responder::reply);
    }
  }

  private record Told(Answer answer) implements PeerChannel.PeerAnswer {
    @Override
    public void reply(ByteBuffer reply) {
      answer.reply(reply);
    }

    @Override
    public void failed(String why) {
      answer.failed(why);
    }
  }
}
