package io.kurve.protocol.data;

import io.kurve.core.failure.ErrorCode;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.metadata.HostAndPort;
import io.kurve.protocol.convert.BadMessage;
import io.kurve.protocol.convert.ReplicaFrames;
import io.kurve.protocol.frame.Frame;
import io.kurve.protocol.frame.FrameType;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * Carries the messages of replicated logs. All messages to one replica go over one connection, in
 * the order in which they were given to {@link #send} (by one thread, or by threads that agree on
 * it); when it breaks, all that were on it fail.
 */
public final class PeerChannel {
  private final DataClient client;
  private final AddressBook addresses;

  PeerChannel(DataClient client, AddressBook addresses) {
    this.client = client;
    this.addresses = addresses;
  }

  /**
   * @param kind names the type of the message to the other side
   * @param request parts that are sent one behind the other, at most 8 MiB in all; they must stay
   *     unchanged for ever, because they may still be on their way when the time is over
   * @param answer told exactly once, on a network thread, which it must not block
   */
  public void send(
      ReplicaId target,
      CopysetKey copyset,
      int kind,
      List<ByteBuffer> request,
      Duration deadline,
      PeerAnswer answer) {
    long bytes = request.stream().mapToLong(ByteBuffer::remaining).sum();
    if (bytes > FrameType.PEER_REQUEST.maxPayloadBytes()) {
      throw new IllegalArgumentException(
          bytes + " bytes for " + target + " are too long for one message");
    }
    Optional<HostAndPort> address = addresses.address(target);
    if (address.isEmpty()) {
      answer.failed("the address of " + target + " is not known");
      return;
    }
    byte[] header =
        ReplicaFrames.peerHeader(
            new ReplicaFrames.PeerMessage(copyset, target.store(), kind, deadline), request);
    client
        .link(address.get(), target.store(), Link.Lane.PEER)
        .ask(
            new Ask(
                FrameType.PEER_REQUEST,
                header,
                request,
                DataClient.deadline(deadline),
                new Told(answer)));
  }

  /** False when there is no connection now; starts to make one. */
  public boolean connected(ReplicaId target) {
    return addresses
        .address(target)
        .map(address -> client.link(address, target.store(), Link.Lane.PEER).connected())
        .orElse(false);
  }

  /** What became of a message. */
  public interface PeerAnswer {
    /**
     * @param reply a heap buffer of the receiver's
     */
    void reply(ByteBuffer reply);

    void failed(String why);
  }

  private record Told(PeerAnswer answer) implements Ask.Answer {
    @Override
    public void answered(Frame frame) {
      String failure;
      try {
        failure = ReplicaFrames.peerReplyFailure(frame);
      } catch (BadMessage bad) {
        answer.failed(String.valueOf(bad.getMessage()));
        return;
      }
      if (failure.isEmpty()) {
        answer.reply(frame.payload());
      } else {
        answer.failed(failure);
      }
    }

    @Override
    public void failed(ErrorCode code, String why, boolean sent) {
      answer.failed(why);
    }
  }
}
