package io.kurve.protocol.data;

import io.kurve.core.id.CopysetKey;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.id.StoreGeneration;
import java.nio.ByteBuffer;
import java.time.Duration;

/** Receives the messages of replicated logs from other chunkservers. */
@FunctionalInterface
public interface PeerHandler {
  /**
   * Called on a network thread, in the order in which one sender sent; must not block. A sender
   * that loses its connection starts a new order.
   *
   * @param sender as it proved with the cluster's key
   * @param request a heap buffer that belongs to the handler
   * @param remaining how long the sender still waits
   */
  void received(
      Sender sender,
      CopysetKey copyset,
      int kind,
      ByteBuffer request,
      Duration remaining,
      PeerResponder responder);

  record Sender(ReplicaId replica, StoreGeneration generation) {}

  /** Takes the answer, at most once, on any thread. */
  @FunctionalInterface
  interface PeerResponder {
    void reply(ByteBuffer reply);
  }
}
