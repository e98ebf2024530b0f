package io.kurve.protocol.frame;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Cuts a byte stream into frames. Lengths are compared with the limits of the frame's type before
 * anything is allocated; header and payload go straight into arrays of their exact sizes, so each
 * byte is copied once. The first violation is logged in one line and closes the connection; what
 * follows on it is dropped unread.
 */
final class FrameDecoder extends ChannelInboundHandlerAdapter {
  private static final Logger log = LoggerFactory.getLogger(FrameDecoder.class);
  private static final byte[] NOTHING = new byte[0];

  private enum Part {
    PREAMBLE,
    HEADER,
    PAYLOAD,
    BROKEN
  }

  private final CRC32C crc = new CRC32C();
  private final byte[] preamble = new byte[Frame.PREAMBLE_BYTES];
  private Part part = Part.PREAMBLE;
  private FrameType type = FrameType.HELLO;
  private byte[] header = NOTHING;
  private byte[] payload = NOTHING;
  private int filled;
  private boolean authenticated;

  /** From now on all types are welcome but those of a handshake; before, only those. */
  void authenticated() {
    authenticated = true;
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    ByteBuf in = (ByteBuf) message;
    try {
      while (part != Part.BROKEN && in.isReadable()) {
        read(context, in);
      }
    } catch (FrameViolation violation) {
      part = Part.BROKEN;
      header = NOTHING;
      payload = NOTHING;
      log.warn(
          "closing connection with {}: {}",
          context.channel().remoteAddress(),
          violation.getMessage());
      var _ = context.close();
    } finally {
      in.release();
    }
  }

  private void read(ChannelHandlerContext context, ByteBuf in) throws FrameViolation {
    switch (part) {
      case PREAMBLE -> {
        if (fill(in, preamble)) {
          openFrame(context);
          advance(context, Part.HEADER);
        }
      }
      case HEADER -> {
        if (fill(in, header)) {
          advance(context, Part.PAYLOAD);
        }
      }
      case PAYLOAD -> {
        if (fill(in, payload)) {
          emit(context);
        }
      }
      case BROKEN -> throw new IllegalStateException("reading on a broken connection");
    }
  }

  private boolean fill(ByteBuf in, byte[] target) {
    int count = Math.min(target.length - filled, in.readableBytes());
    in.readBytes(target, filled, count);
    filled += count;
    return filled == target.length;
  }

  /** Goes to the next part that has bytes to wait for. */
  private void advance(ChannelHandlerContext context, Part next) throws FrameViolation {
    filled = 0;
    part = next;
    if (part == Part.HEADER && header.length == 0) {
      part = Part.PAYLOAD;
    }
    if (part == Part.PAYLOAD) {
      verifyHead();
      if (payload.length == 0) {
        emit(context);
      }
    }
  }

  private void openFrame(ChannelHandlerContext context) throws FrameViolation {
    ByteBuffer fields = ByteBuffer.wrap(preamble);
    int magic = fields.getInt(0);
    if (magic != Frame.MAGIC) {
      throw new FrameViolation(
          String.format("no Kurve frame starts with 0x%08x (is this another protocol?)", magic));
    }
    int version = fields.get(4) & 0xff;
    if (version != Frame.VERSION) {
      context.fireUserEventTriggered(new OtherVersion(version));
      throw new FrameViolation(
          "frame of protocol version " + version + ", this side speaks " + Frame.VERSION);
    }
    int code = fields.get(5) & 0xff;
    FrameType known = FrameType.ofCode(code);
    if (known == null || fields.getShort(6) != 0 || fields.getInt(24) != 0) {
      throw new FrameViolation("frame of unknown type " + code + " or with unknown flags");
    }
    if (known.isHandshake() == authenticated) {
      throw new FrameViolation(
          known + (authenticated ? " frame after the handshake" : " frame before the handshake"));
    }
    type = known;
    header = allocate("header", fields.getInt(8), known.maxHeaderBytes());
    payload = allocate("payload", fields.getInt(12), known.maxPayloadBytes());
  }

  private byte[] allocate(String what, int length, int limit) throws FrameViolation {
    if (length < 0 || length > limit) {
      throw new FrameViolation(
          type
              + " frame with a "
              + what
              + " of "
              + Integer.toUnsignedLong(length)
              + " bytes, at most "
              + limit
              + " are allowed");
    }
    return length == 0 ? NOTHING : new byte[length];
  }

  private void verifyHead() throws FrameViolation {
    crc.reset();
    crc.update(preamble, 0, Frame.CHECKSUM_OFFSET);
    crc.update(header);
    int stated = ByteBuffer.wrap(preamble).getInt(Frame.CHECKSUM_OFFSET);
    int computed = (int) crc.getValue();
    if (stated != computed) {
      throw new FrameViolation(
          String.format(
              "%s frame's header has CRC32C 0x%08x, it says 0x%08x", type, computed, stated));
    }
  }

  private void emit(ChannelHandlerContext context) {
    Frame frame =
        new Frame(
            type,
            ByteBuffer.wrap(preamble).getLong(16),
            header,
            payload.length == 0 ? Frame.NO_PAYLOAD : ByteBuffer.wrap(payload));
    part = Part.PREAMBLE;
    filled = 0;
    header = NOTHING;
    payload = NOTHING;
    context.fireChannelRead(frame);
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    if (part == Part.HEADER || part == Part.PAYLOAD || (part == Part.PREAMBLE && filled > 0)) {
      log.warn(
          "connection with {} ended in the middle of a frame", context.channel().remoteAddress());
    }
    part = Part.BROKEN;
    context.fireChannelInactive();
  }

  /** What arrived is not a frame of this protocol. */
  private static final class FrameViolation extends Exception {
    private static final long serialVersionUID = 1;

    FrameViolation(String message) {
      super(message, null, false, false);
    }
  }
}
