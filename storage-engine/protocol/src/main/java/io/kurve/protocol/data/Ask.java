package io.kurve.protocol.data;

import io.kurve.core.failure.ErrorCode;
import io.kurve.protocol.frame.Frame;
import io.kurve.protocol.frame.FrameType;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * A request on its way.
 *
 * @param payload in parts that are sent one behind the other
 * @param deadlineNanos on System.nanoTime's scale
 */
record Ask(
    FrameType type,
    byte[] header,
    List<ByteBuffer> payload,
    long deadlineNanos,
    Ask.Answer answer) {
  /** Told exactly once, on the connection's loop or, when that is gone, on the asker's thread. */
  interface Answer {
    void answered(Frame frame);

    /**
     * @param sent it may have reached the server
     */
    void failed(ErrorCode code, String why, boolean sent);
  }
}
