package io.kurve.consensus;

import io.kurve.core.id.CopysetKey;
import io.kurve.core.id.ReplicaId;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;

/**
 * Carries raft's messages between chunkservers; the chunkserver room wires it to the data plane's
 * authenticated connections. Requests from one replica to another arrive in the order in which they
 * were sent, or their connection is lost.
 */
public interface RaftTransport {
  /**
   * @param kind names the message type to the other side
   * @param request the remaining bytes of these, one behind the other; they must stay unchanged for
   *     ever, because they may still be on their way when the answer's time is over
   * @param answer told exactly once, on a thread of the transport's
   */
  void send(
      ReplicaId target,
      CopysetKey copyset,
      int kind,
      List<ByteBuffer> request,
      Duration deadline,
      Answer answer);

  /** False when there is no connection now; starts to make one. */
  boolean connected(ReplicaId target);

  /** Set once, before the first message. */
  void receiver(Receiver receiver);

  interface Answer {
    void reply(ByteBuffer reply);

    void failed(String why);
  }

  interface Receiver {
    /** Called in order per sender; must not block for long. */
    void received(
        ReplicaId sender, CopysetKey copyset, int kind, ByteBuffer request, Responder responder);
  }

  interface Responder {
    void reply(ByteBuffer reply);
  }
}
