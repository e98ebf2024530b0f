package io.kurve.protocol.data;

import io.kurve.core.data.DataReply;

/** Takes the answer to one request. */
@FunctionalInterface
public interface DataResponder {
  /**
   * Exactly once, on any thread. Data goes to the socket from its own buffer, which must stay
   * unchanged from here on; direct buffers are not copied.
   */
  void reply(DataReply reply);
}
